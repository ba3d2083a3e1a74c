"""The few pages that a person sees outside any application: a sign-in that failed, and having signed out.

In the language that the browser asks for; without script, picture or anything from elsewhere.
"""

import base64
import hashlib
from html import escape
from typing import Literal
from urllib.parse import urlencode

from opentelemetry import trace
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from services.gateway.sign_in import Failure

_STYLE = (
    "body{font:1.125rem/1.5 system-ui,sans-serif;max-width:36rem;margin:4rem auto;padding:0 1rem;color:#212121}"
    "a{color:#2a6ebb}small{color:#555}"
)
_STYLE_HASH = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()
_POLICY = (
    f"default-src 'none'; style-src 'sha256-{_STYLE_HASH}'; img-src data:; base-uri 'none'; frame-ancestors 'none'"
)
_PAGE = """<!doctype html>
<html lang="{language}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>{title} – Koto</title>
<link rel="icon" href="data:,">
<style>{style}</style>
</head>
<body>
<main>
<h1>{title}</h1>
<p>{text}</p>
<p><a href="{address}">{sign_in}</a></p>
{reference}</main>
</body>
</html>
"""
_RETRY_SECONDS = 5

_STATUS: dict[Failure, int] = {
    "address": 400,
    "stale": 400,
    "denied": 403,
    "no_rights": 403,
    "refused": 502,
    "unavailable": 503,
    "too_many": 429,
    "broken": 500,
}
_SIGN_IN = {"fi": "Kirjaudu sisään", "sv": "Logga in", "en": "Sign in"}
_REFERENCE = {"fi": "Tunniste tukea varten", "sv": "Referens för supporten", "en": "Reference for support"}
_TEXTS: dict[Failure | Literal["signed_out"], dict[str, tuple[str, str]]] = {
    "address": {
        "fi": ("Osoite on virheellinen", "Linkki, josta tulit, ei johda mihinkään Kotossa. Kirjaudu tästä."),
        "sv": ("Adressen är felaktig", "Länken som du följde leder inte till Koto. Logga in här."),
        "en": ("The address is wrong", "The link that you followed leads nowhere in Koto. Sign in from here."),
    },
    "stale": {
        "fi": (
            "Kirjautuminen on vanhentunut",
            "Kirjautuminen kesti liian kauan, se aloitettiin toisessa välilehdessä tai selain ei hyväksy evästeitä."
            " Kirjaudu uudelleen.",
        ),
        "sv": (
            "Inloggningen är för gammal",
            "Inloggningen tog för lång tid, den påbörjades i en annan flik eller så tillåter webbläsaren inte kakor."
            " Logga in på nytt.",
        ),
        "en": (
            "This sign-in is too old",
            "It took too long, was begun in another tab, or your browser refuses cookies. Sign in again.",
        ),
    },
    "denied": {
        "fi": ("Kirjautuminen keskeytyi", "Keskeytit kirjautumisen, tai sitä ei sallittu. Voit kirjautua uudelleen."),
        "sv": (
            "Inloggningen avbröts",
            "Du avbröt inloggningen, eller så tilläts den inte. Du kan logga in på nytt.",
        ),
        "en": ("You are not signed in", "You stopped the sign-in, or it was not allowed. You can sign in again."),
    },
    "no_rights": {
        "fi": (
            "Tunnuksellasi ei ole oikeuksia Kotoon",
            "Tunnistus onnistui, mutta tunnukselta puuttuu organisaatio tai rooli. Pyydä niitä organisaatiosi"
            " käyttöoikeuksien hoitajalta ja kirjaudu sitten uudelleen.",
        ),
        "sv": (
            "Ditt konto har inga rättigheter i Koto",
            "Identifieringen lyckades, men kontot saknar organisation eller roll. Be om dem av den som sköter"
            " rättigheterna i din organisation och logga sedan in på nytt.",
        ),
        "en": (
            "Your account has no rights in Koto",
            "You were recognised, but your account has no organisation or no role. Ask whoever manages accounts in"
            " your organisation for them, then sign in again.",
        ),
    },
    "refused": {
        "fi": (
            "Kirjautuminen epäonnistui",
            "Kirjautumispalvelun vastausta ei voitu hyväksyä. Yritä uudelleen. Jos virhe toistuu, ilmoita siitä"
            " tukeen.",
        ),
        "sv": (
            "Inloggningen misslyckades",
            "Inloggningstjänstens svar kunde inte godkännas. Försök igen. Om felet upprepas, meddela supporten.",
        ),
        "en": (
            "The sign-in failed",
            "The sign-in service's answer could not be accepted. Try again. If it happens again, tell the support.",
        ),
    },
    "unavailable": {
        "fi": ("Kirjautuminen ei nyt onnistu", "Jokin palvelu ei vastaa. Odota hetki ja yritä uudelleen."),
        "sv": ("Det går inte att logga in just nu", "En tjänst svarar inte. Vänta en stund och försök igen."),
        "en": ("Signing in is not possible now", "A service does not answer. Wait a moment and try again."),
    },
    "too_many": {
        "fi": ("Liian monta kirjautumista", "Moni kirjautuu juuri nyt. Odota minuutti ja yritä uudelleen."),
        "sv": ("För många inloggningar", "Många loggar in just nu. Vänta en minut och försök igen."),
        "en": ("Too many sign-ins", "Many people are signing in just now. Wait a minute and try again."),
    },
    "broken": {
        "fi": ("Kirjautuminen epäonnistui", "Kotossa on vika. Yritä uudelleen tai ilmoita siitä tukeen."),
        "sv": ("Inloggningen misslyckades", "Det är något fel i Koto. Försök igen eller meddela supporten."),
        "en": ("The sign-in failed", "Something is wrong in Koto. Try again, or tell the support."),
    },
    "signed_out": {
        "fi": ("Olet kirjautunut ulos", "Voit sulkea selaimen."),
        "sv": ("Du är utloggad", "Du kan stänga webbläsaren."),
        "en": ("You are signed out", "You can close the browser."),
    },
}


def failure_page(
    request: Request, why: Failure, return_to: str | None = None, retry_after: int = _RETRY_SECONDS
) -> Response:
    """Why the person is not signed in, and what to do."""
    response = _page(request, why, _STATUS[why], return_to)
    if response.status_code in (429, 503):
        response.headers["Retry-After"] = str(retry_after)
    return response


def signed_out_page(request: Request) -> Response:
    """Where the issuer sends a person who has signed out."""
    return _page(request, "signed_out", 200)


def _page(
    request: Request, text: Failure | Literal["signed_out"], status: int, return_to: str | None = None
) -> Response:
    language = _language(request.headers.get("accept-language", ""))
    title, said = _TEXTS[text][language]
    query = f"?{urlencode({'return_to': return_to})}" if return_to else ""
    page = _PAGE.format(
        language=language,
        title=title,
        style=_STYLE,
        text=said,
        address=escape(f"/sign-in{query}"),
        sign_in=_SIGN_IN[language],
        reference=f"<p><small>{_REFERENCE[language]}: {_trace_id()}</small></p>\n" if status >= 500 else "",
    )
    headers = {"Content-Security-Policy": _POLICY, "Content-Language": language, "Vary": "Accept-Language"}
    return HTMLResponse(page, status, headers)


def _language(accepted: str) -> str:
    """The language of ours that the browser likes best; Finnish when it names none."""
    liked: dict[str, float] = {}
    for each in accepted.lower().split(","):
        name, _, quality = each.partition(";q=")
        try:
            liked.setdefault(name.strip()[:2], float(quality or 1))
        except ValueError:
            continue
    ours = {language: liked.get(language, 0.0) for language in _SIGN_IN}
    best = max(ours, key=lambda language: ours[language])
    return best if ours[best] > 0 else "fi"


def _trace_id() -> str:
    return format(trace.get_current_span().get_span_context().trace_id, "032x")

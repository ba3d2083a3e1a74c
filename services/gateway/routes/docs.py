"""The OpenAPI document, and a page to read and try it, all from this server: no third party hears of it."""

from fastapi import APIRouter, Request
from starlette.exceptions import HTTPException
from starlette.responses import FileResponse, HTMLResponse, JSONResponse, Response
from swagger_ui_bundle import swagger_ui_path

from services.gateway.openapi import document

_DOCUMENT = "/api/v1/openapi.json"
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
)
_FILES = {"swagger-ui.css", "swagger-ui-bundle.js"}
_PAGE = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>Koto: HTTP API</title>
<link rel="stylesheet" href="/docs/swagger-ui.css">
<link rel="icon" href="data:,">
<p id="session" class="swagger-ui opblock-body" role="status"></p>
<div id="docs"></div>
<script src="/docs/swagger-ui-bundle.js"></script>
<script src="/docs/start.js"></script>
</html>
"""
# The kept Swagger UI refuses a document that says 3.1, yet shows all that ours uses of it.
# validatorUrl: otherwise the page sends the document's address to a validator on the internet.
_START = """\
const session = "/api/v1/session";
let csrfToken = "";

async function signOut(act) {
  const answer = await fetch(`${session}/${act}`, {method: "POST", headers: {"X-CSRF-Token": csrfToken}});
  location.assign(answer.ok ? (await answer.json()).continue_at : "/docs");
}

function button(title, act) {
  const made = document.createElement("button");
  made.className = "btn";
  made.textContent = title;
  made.onclick = act;
  return made;
}

fetch(session).then(async answer => {
  const line = document.getElementById("session");
  if (!answer.ok) {
    line.append(button("Sign in", () => location.assign("/sign-in?return_to=/docs")));
    return;
  }
  const user = await answer.json();
  csrfToken = user.csrf_token;
  const acting = user.acting ? `${user.acting.organisation}, ${user.acting.role}` : "no right chosen";
  line.append(
    `Signed in: ${user.name || user.user} (${acting}) `,
    button("Sign out", () => signOut("sign-out")), " ",
    button("Sign out everywhere", () => signOut("sign-out-everywhere")),
  );
});

function withToken(request) {
  if (csrfToken && request.method !== "GET") request.headers["X-CSRF-Token"] = csrfToken;
  return request;
}

fetch("DOCUMENT").then(answer => answer.json()).then(spec => SwaggerUIBundle({
  spec: {...spec, openapi: "3.0.3"}, dom_id: "#docs", validatorUrl: null, deepLinking: true,
  requestInterceptor: withToken,
}));
""".replace("DOCUMENT", _DOCUMENT)

routes = APIRouter(include_in_schema=False)


@routes.get(_DOCUMENT)
async def openapi(request: Request) -> Response:
    return JSONResponse(document(request.app))


@routes.get("/docs")
async def page() -> Response:
    return HTMLResponse(_PAGE, headers={"Content-Security-Policy": _POLICY})


@routes.get("/docs/start.js")
async def start() -> Response:
    return Response(_START, media_type="text/javascript")


@routes.get("/docs/{file}")
async def file(file: str) -> Response:
    if file not in _FILES:
        raise HTTPException(404)
    return FileResponse(swagger_ui_path / file, headers={"Cache-Control": "no-cache"})

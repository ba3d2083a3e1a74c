"""Every exchange, queue, binding, policy and permission of the broker, computed here and nowhere else.

Services declare nothing but their own exclusive queues, for replies and for news. Queue names, per service:

    <service>.requests            what is asked of it
    <service>.input               events it acts on, dispatched by type
    <service>.projection          events it keeps a read model of
    <service>.usage               what all services tell for the usage log
    <service>.retry.{5s,1m,15m}   failed messages, waiting to come back to its input
    <service>.dead                messages given up, on their way to the table `parked`
    <service>.undecodable         what even parking can't read: nobody consumes it, an operator looks
    <service>.partners            what other authorities' programs, the partners, write
    partner.<code>                what one partner is told: it alone reads it
"""

from dataclasses import dataclass
from typing import Any

from contracts.access.rights import RIGHTS_HEARTBEAT, AccessDataUsed, RightsChanged
from contracts.access.teams import TeamChanged
from contracts.assessment.measures_for_partners import MeasureChanged
from contracts.assessment.participations import ParticipationChanged
from contracts.assessment.state import AssessmentChanged, AssessmentDataUsed, AssessmentToStart
from contracts.customer.state import (
    CustomerChanged,
    CustomerCircumstances,
    CustomerClosed,
    CustomerDataUsed,
    CustomerErased,
    CustomerOpened,
)
from contracts.customer.transfers import TransferChanged
from contracts.envelope import Event
from contracts.partners import Partner
from contracts.plan.referrals import ReferralChanged
from contracts.plan.state import PlanChanged, PlanDataUsed
from contracts.records.state import DocumentKept, RecordsDataUsed

REQUESTS, REPLIES = "requests", "replies"
PARTNERS, TO_PARTNERS = "partners", "partners.out"
"""Where partners write, by `<code>.<type>`; and where they are written to, by their codes."""
RETRY_STEPS: tuple[tuple[str, int], ...] = (("5s", 5), ("1m", 60), ("15m", 900))
"""The retry ladder: name of the step, and how long a message waits there, in seconds."""
MAX_MESSAGE_BYTES = 1_048_576
MOST_PARTNER_MESSAGES = 100_000
"""How many messages wait, from all partners or for one, before the broker takes no more."""
DELIVERY_LIMIT = 20
"""How often the broker redelivers a message whose consumer dies with it, before it goes to the dead queue."""
REQUEST_TTL_SECONDS = 15
REQUEST_QUEUE_LENGTH = 1000


@dataclass(frozen=True)
class Service:
    """What one service may hear, ask and publish."""

    name: str
    asks: tuple[str, ...] = ()
    input: tuple[type[Event], ...] = ()
    projection: tuple[type[Event], ...] = ()
    usage: tuple[type[Event], ...] = ()
    """What it keeps as the usage log, in batches and in order of arrival."""
    news: tuple[tuple[str, str], ...] = ()
    """What each of its processes hears by itself, in an exclusive queue: exchanges and keys."""
    partners: bool = False
    """Whether it is the door to partners."""
    answers: bool = True
    """Whether the service owns data of the domain, and so answers and publishes; the gateway does neither."""


CUSTOMER_STATES = (CustomerOpened, CustomerChanged, CustomerClosed)
ASSESSMENT_STATES = (AssessmentToStart, AssessmentChanged)
DATA_USED = (CustomerDataUsed, AssessmentDataUsed, PlanDataUsed, RecordsDataUsed, AccessDataUsed)
RIGHTS_NEWS = (("access.events", RightsChanged.TYPE), ("access.events", RIGHTS_HEARTBEAT))

SERVICES: tuple[Service, ...] = (
    Service("customer", projection=(*ASSESSMENT_STATES, PlanChanged)),
    Service(
        "assessment",
        input=(*CUSTOMER_STATES, CustomerCircumstances, CustomerErased),
        projection=CUSTOMER_STATES,
    ),
    Service(
        "plan",
        input=(
            *CUSTOMER_STATES,
            CustomerCircumstances,
            CustomerErased,
            AssessmentChanged,
            TransferChanged,
            DocumentKept,
        ),
        projection=(*CUSTOMER_STATES, TeamChanged),
    ),
    Service(
        "records",
        asks=("customer", "assessment", "plan"),
        input=(PlanChanged, AssessmentChanged, CustomerErased),
        projection=CUSTOMER_STATES,
    ),
    Service("access", input=(CustomerClosed, CustomerErased), projection=CUSTOMER_STATES, usage=DATA_USED),
    Service(
        "integration",
        asks=("customer", "assessment", "plan"),
        input=(CustomerErased, TransferChanged, ParticipationChanged, MeasureChanged, ReferralChanged),
        partners=True,
    ),
    Service("gateway", asks=("customer", "assessment", "plan", "records", "access"), news=RIGHTS_NEWS, answers=False),
)


def service(name: str) -> Service:
    """The declaration of one service; KeyError when there is none of that name."""
    return {each.name: each for each in SERVICES}[name]


def events_exchange(name: str) -> str:
    """The topic exchange that a service publishes its events on."""
    return f"{name}.events"


def replay_exchange(name: str) -> str:
    """The direct exchange on which a service replays its log to one queue, named by the routing key."""
    return f"{name}.replay"


def private_exchange(name: str) -> str:
    """The direct exchange for a service's own republishing: keys are the purposes of its queues."""
    return f"{name}.private"


def queue(name: str, purpose: str) -> str:
    """The name of a service's queue: purpose is requests, input, projection, retry.<step>, dead or undecodable."""
    return f"{name}.{purpose}"


def reply_queue_prefix(name: str) -> str:
    """What the name of an asker's exclusive reply queue starts with; the routing key of replies is the whole name."""
    return f"{REPLIES}.{name}."


def news_queue_prefix(name: str) -> str:
    """What the name of a process's exclusive queue of news starts with."""
    return f"news.{name}."


@dataclass(frozen=True)
class Queue:
    """A durable quorum queue, the bindings to it, and its policy (policies change without redeclaring the queue)."""

    name: str
    bindings: tuple[tuple[str, str], ...]
    policy: dict[str, Any]


@dataclass(frozen=True)
class Permissions:
    """RabbitMQ permissions of one user, as regular expressions; topics are (exchange, write, read)."""

    user: str
    configure: str
    write: str
    read: str
    topics: tuple[tuple[str, str, str], ...]


def exchanges() -> dict[str, str]:
    """Every exchange and its type. Requests and replies are topic exchanges so that permissions reach their keys."""
    shared = {REQUESTS: "topic", REPLIES: "topic", PARTNERS: "topic", TO_PARTNERS: "direct"}
    for each in SERVICES:
        if each.answers:
            shared[events_exchange(each.name)] = "topic"
            shared[replay_exchange(each.name)] = "direct"
            shared[private_exchange(each.name)] = "direct"
    return shared


def queues(time_scale: float = 1.0) -> list[Queue]:
    """Every durable queue; `time_scale` shortens the retry ladder for tests."""
    return [queue for each in SERVICES if each.answers for queue in _queues_of(each, time_scale)]


def _queues_of(each: Service, time_scale: float) -> list[Queue]:
    name, private = each.name, private_exchange(each.name)
    # At-least-once dead-lettering: the default drops a message whose target queue is away at that moment.
    keep = {"overflow": "reject-publish", "dead-letter-strategy": "at-least-once", "dead-letter-exchange": private}
    found = [
        Queue(
            queue(name, "requests"),
            ((REQUESTS, name),),
            {
                "message-ttl": REQUEST_TTL_SECONDS * 1000,
                "max-length": REQUEST_QUEUE_LENGTH,
                "overflow": "reject-publish",
                "delivery-limit": DELIVERY_LIMIT,
            },
        ),
        Queue(
            queue(name, "dead"),
            ((private, "dead"),),
            {**keep, "dead-letter-routing-key": "undecodable", "delivery-limit": DELIVERY_LIMIT},
        ),
        Queue(queue(name, "undecodable"), ((private, "undecodable"),), {"overflow": "reject-publish"}),
    ]
    for purpose, events in (("input", each.input), ("projection", each.projection), ("usage", each.usage)):
        if events:
            bindings = tuple((events_exchange(event.owner()), event.TYPE) for event in events)
            policy = {**keep, "dead-letter-routing-key": "dead", "delivery-limit": DELIVERY_LIMIT}
            found.append(Queue(queue(name, purpose), (*bindings, (private, purpose)), policy))
    if each.partners:
        policy = {
            **keep,
            "dead-letter-routing-key": "dead",
            "delivery-limit": DELIVERY_LIMIT,
            "max-length": MOST_PARTNER_MESSAGES,
        }
        found.append(Queue(queue(name, "partners"), ((PARTNERS, "#"),), policy))
    if each.input:
        for step, seconds in RETRY_STEPS:
            policy = {
                **keep,
                "dead-letter-routing-key": "input",
                "message-ttl": max(1, round(seconds * 1000 * time_scale)),
            }
            found.append(Queue(queue(name, f"retry.{step}"), ((private, f"retry.{step}"),), policy))
    return found


def partner_name(code: str) -> str:
    """The name of a partner's user at the broker, and of the queue that it reads."""
    return f"partner.{code}"


def partner_queue(partner: Partner) -> Queue:
    """What is told to one partner waits here until it reads it."""
    policy = {"overflow": "reject-publish", "max-length": MOST_PARTNER_MESSAGES}
    return Queue(partner_name(partner.code), ((TO_PARTNERS, partner.code),), policy)


def partner_permissions(partner: Partner) -> Permissions:
    """What a partner's user may do: write in its own name, and read what it is told."""
    name = partner_name(partner.code)
    return Permissions(
        user=name,
        configure="^$",
        write=f"^{PARTNERS}$",
        read=f"^{name.replace('.', r'[.]')}$",
        topics=((PARTNERS, rf"^{partner.code}\..+$", "^$"),),
    )


def permissions() -> list[Permissions]:
    """What each service's broker user may do: all else is refused by the broker."""
    return [_permissions_of(each) for each in SERVICES]


def _permissions_of(each: Service) -> Permissions:
    name = each.name
    own_replies = rf"replies\.{name}\..+"
    own_news = rf"news\.{name}\..+"
    own = [own_replies] if each.asks else []
    write, read, topics = [], [], []
    if each.answers:
        write += [rf"{name}\.(events|replay|private)", REPLIES]
        read += [rf"{name}\.(requests|input|projection(@[0-9]+)?|usage|dead)"]
        topics += [(events_exchange(name), rf"^{name}\..+$", "^$")]
    if each.asks:
        write += [REQUESTS, own_replies]
        read += [own_replies, REPLIES]
        topics += [(REQUESTS, rf"^({'|'.join(each.asks)})$", "^$")]
    if each.partners:
        write += [TO_PARTNERS.replace(".", r"\.")]
        read += [rf"{name}\.{PARTNERS}"]
    if each.news:
        write += [own_news]
        own += [own_news]
        read += [own_news]
        for exchange in sorted({exchange for exchange, _ in each.news}):
            keys = "|".join(key.replace(".", r"\.") for source, key in each.news if source == exchange)
            read += [exchange.replace(".", r"\.")]
            topics += [(exchange, "^$", f"^({keys})$")]
    topics += [(REPLIES, r"^replies\..+$" if each.answers else "^$", rf"^{own_replies}$" if each.asks else "^$")]
    return Permissions(
        user=name,
        configure=rf"^({'|'.join(own)})$" if own else "^$",
        write=rf"^({'|'.join(write)})$" if write else "^$",
        read=rf"^({'|'.join(read)})$" if read else "^$",
        topics=tuple(topics),
    )

"""The AsyncAPI 3.0 document of the whole system, computed from the contracts and the topology.

Made here, for what a framework derives from its subscribers knows neither replies nor the outbox.
"""

import inspect
from collections.abc import Iterable
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import JsonSchemaMode, models_json_schema

from contracts import topology
from contracts.envelope import CLOUDEVENTS_CONTENT_TYPE, Envelope, Event, Problem, Request, schema_urn
from contracts.export.examples import full
from contracts.partners import OWNER, ToPartner
from contracts.registry import events, from_partners, requests

Json = dict[str, Any]
_PROBLEM = "problem.v1"


def asyncapi() -> Json:
    """Channels are routing keys to write to and queues to read from; operations are named after their service."""
    models: list[tuple[type[BaseModel], JsonSchemaMode]] = [
        *((event, "serialization") for event in events()),
        *((request, "validation") for request in requests()),
        *((request.REPLY, "serialization") for request in requests()),
        *((message, "validation") for message in from_partners()),
        (Problem, "serialization"),
        (Envelope, "serialization"),
    ]
    references, definitions = models_json_schema(models, ref_template="#/components/schemas/{model}")
    payloads: dict[Any, Json] = {model: reference for (model, _), reference in references.items()}
    return {
        "asyncapi": "3.0.0",
        "id": "urn:koto",
        "info": {
            "title": "Koto",
            "version": "1",
            "description": "Every message between Koto's services. A channel is a routing key to write to, or a queue "
            "to read from; an operation is named after the service that does it.",
            "license": {"name": "EUPL-1.2", "url": "https://eupl.eu/1.2/en/"},
        },
        "defaultContentType": "application/json",
        "servers": {"broker": _server()},
        "channels": _channels(),
        "operations": _operations(),
        "components": {
            "messages": _messages(payloads),
            "schemas": definitions["$defs"],
            "securitySchemes": {"password": {"type": "userPassword", "description": "each service is a user"}},
        },
    }


def _server() -> Json:
    return {
        "host": "{host}",
        "pathname": "/{vhost}",
        "protocol": "amqp",
        "protocolVersion": "0.9.1",
        "description": "RabbitMQ",
        "variables": {"host": {"default": "localhost:5672"}, "vhost": {"default": "koto"}},
        "security": [{"$ref": "#/components/securitySchemes/password"}],
    }


def _answering() -> list[topology.Service]:
    return [service for service in topology.SERVICES if service.answers]


def _requests_to(service: str) -> list[type[Request[Any]]]:
    return [request for request in requests() if request.owner() == service]


def _heard(service: topology.Service) -> dict[str, tuple[type[Event], ...]]:
    """The queues on which a service hears events, and what it hears there."""
    found = {"input": service.input, "projection": service.projection}
    return {topology.queue(service.name, purpose): heard for purpose, heard in found.items() if heard}


def _reply(request: type[Request[Any]]) -> str:
    return f"{request.TYPE}.reply"


def _channels() -> Json:
    kinds = topology.exchanges()

    def routing_key(exchange: str, key: str | None, names: Iterable[str], description: str) -> Json:
        return {
            "address": key,
            "description": description,
            "messages": {name: {"$ref": f"#/components/messages/{name}"} for name in names},
            "bindings": {
                "amqp": {
                    "is": "routingKey",
                    "exchange": {"name": exchange, "type": kinds[exchange], "durable": True, "autoDelete": False},
                    "bindingVersion": "0.3.0",
                }
            },
        }

    def queue(name: str, names: Iterable[str], description: str) -> Json:
        return {
            "address": name,
            "description": description,
            "messages": {each: {"$ref": f"#/components/messages/{each}"} for each in names},
            "bindings": {
                "amqp": {
                    "is": "queue",
                    "queue": {"name": name, "durable": True, "exclusive": False, "autoDelete": False},
                    "bindingVersion": "0.3.0",
                }
            },
        }

    channels: Json = {
        event.TYPE: routing_key(topology.events_exchange(event.owner()), event.TYPE, [event.TYPE], _summary(event))
        for event in events()
        if not issubclass(event, ToPartner)
    }
    told = [event.TYPE for event in events() if issubclass(event, ToPartner)]
    channels |= dict.fromkeys(
        told,
        routing_key(
            topology.TO_PARTNERS, None, told, "The routing key is the partner's code; its queue partner.<code>"
        ),
    )
    written = [message.TYPE for message in from_partners()]
    channels[topology.PARTNERS] = routing_key(
        topology.PARTNERS, None, written, "Where partners write; the routing key is <partner's code>.<type>"
    )
    for service in _answering():
        asked = [request.TYPE for request in _requests_to(service.name)]
        key, name = f"{topology.REQUESTS}.{service.name}", topology.queue(service.name, "requests")
        channels[key] = routing_key(topology.REQUESTS, service.name, asked, f"Where {service.name} is asked")
        channels[name] = queue(name, asked, f"What {service.name} is asked, oldest first")
        for name, heard in _heard(service).items():
            channels[name] = queue(name, [event.TYPE for event in heard], f"What {service.name} hears of the others")
    answers = [*map(_reply, requests()), _PROBLEM]
    channels[topology.REPLIES] = routing_key(
        topology.REPLIES, None, answers, "The routing key is the asker's exclusive queue, told by reply_to"
    )
    return channels


def _operations() -> Json:
    operations: Json = {}
    for event in events():
        operations[f"{event.owner()}.publishes.{event.TYPE}"] = {
            **_operation("send", event.TYPE, [event.TYPE]),
            "bindings": {"amqp": {"deliveryMode": 2, "mandatory": False, "bindingVersion": "0.3.0"}},
        }
    written = [message.TYPE for message in from_partners()]
    operations[f"{OWNER}.receives.{topology.PARTNERS}"] = _operation("receive", topology.PARTNERS, written)
    for service in topology.SERVICES:
        for queue, heard in _heard(service).items():
            operations[f"{service.name}.hears.{queue}"] = _operation("receive", queue, [event.TYPE for event in heard])
        for asked in service.asks:
            for request in _requests_to(asked):
                operations[f"{service.name}.asks.{request.TYPE}"] = {
                    **_operation("send", f"{topology.REQUESTS}.{asked}", [request.TYPE]),
                    "reply": _answer(request),
                    "bindings": {"amqp": {"mandatory": True, "bindingVersion": "0.3.0"}},
                }
        for request in _requests_to(service.name):
            queue = topology.queue(service.name, "requests")
            operations[f"{service.name}.answers.{request.TYPE}"] = {
                **_operation("receive", queue, [request.TYPE]),
                "reply": _answer(request),
            }
    return operations


def _operation(action: str, channel: str, names: Iterable[str]) -> Json:
    return {
        "action": action,
        "channel": {"$ref": f"#/channels/{channel}"},
        "messages": [{"$ref": f"#/channels/{channel}/messages/{name}"} for name in names],
    }


def _answer(request: type[Request[Any]]) -> Json:
    answers = [_reply(request), _PROBLEM]
    return {
        "address": {"location": "$message.header#/reply_to", "description": "the AMQP property reply_to"},
        "channel": {"$ref": f"#/channels/{topology.REPLIES}"},
        "messages": [{"$ref": f"#/channels/{topology.REPLIES}/messages/{name}"} for name in answers],
    }


def _messages(payloads: dict[Any, Json]) -> Json:
    messages: Json = {}
    for event in events():
        messages[event.TYPE] = {
            **_message(event.TYPE, event, _event_payload(event, payloads)),
            "contentType": CLOUDEVENTS_CONTENT_TYPE,
            "correlationId": {"location": "$message.payload#/correlationid"},
            "examples": [{"payload": _event_example(event)}],
        }
    for message in from_partners():
        messages[message.TYPE] = {
            **_message(message.TYPE, message, payloads[message]),
            "contentType": CLOUDEVENTS_CONTENT_TYPE,
            "description": "the attribute `data` of a CloudEvents 1.0 document",
        }
    for request in requests():
        messages[request.TYPE] = {
            **_message(request.TYPE, request, payloads[request]),
            "headers": _request_headers(request),
            "correlationId": _CORRELATION,
            "examples": [{"payload": full(request.model_json_schema())}],
        }
        reply = _reply(request)
        messages[reply] = {**_message(reply, request.REPLY, payloads[request.REPLY]), "correlationId": _CORRELATION}
    messages[_PROBLEM] = {**_message(_PROBLEM, Problem, payloads[Problem]), "correlationId": _CORRELATION}
    return messages


_CORRELATION = {"location": "$message.header#/correlation_id", "description": "the AMQP property correlation_id"}


def _request_headers(request: type[Request[Any]]) -> Json:
    """The application headers of a request. Their names are those of services/kit/answering.py (a test compares)."""
    properties: Json = {
        "x-actor": {"type": "string", "description": "signed token of who acts, bound to the body; lives 30 s"},
        "x-deadline": {"type": "number", "description": "POSIX time after which nobody waits for the answer"},
        "traceparent": {"type": "string", "description": "W3C Trace Context"},
    }
    if request.CHANGES:
        properties["x-idempotency-key"] = {
            "type": "string",
            "minLength": 1,
            "maxLength": 200,
            "description": "the same key and body again: the same outcome, done once",
        }
    return {
        "type": "object",
        "required": [name for name in properties if name != "traceparent"],
        "properties": properties,
    }


def _message(name: str, model: type[BaseModel], payload: Json) -> Json:
    return {
        "name": name,
        "title": model.__name__,
        "summary": _summary(model),
        "contentType": "application/json",
        "payload": payload,
        "bindings": {"amqp": {"messageType": name, "bindingVersion": "0.3.0"}},
    }


def _event_payload(event: type[Event], payloads: dict[Any, Json]) -> Json:
    told = {"type": {"const": event.TYPE}, "dataschema": {"const": schema_urn(event.TYPE)}, "data": payloads[event]}
    return {"allOf": [payloads[Envelope], {"type": "object", "properties": told}]}


def _event_example(event: type[Event]) -> Json:
    data = full(event.model_json_schema())
    envelope: Json = full(Envelope.model_json_schema())
    return envelope | {
        "source": f"/koto/{event.owner()}",
        "type": event.TYPE,
        "subject": data[event.SUBJECT],
        "dataschema": schema_urn(event.TYPE),
        "data": data,
    }


def _summary(model: type[BaseModel]) -> str:
    return (inspect.getdoc(model) or model.__name__).partition("\n")[0]

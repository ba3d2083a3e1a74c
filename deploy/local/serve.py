"""All services in one process: what a small machine runs."""

import json
import os


async def main() -> None:
    """Serves the services described in KOTO_ENVIRONMENTS (JSON: service -> its variables) until a signal."""
    from services.kit.run import serve, stop_at_signal
    from services.kit.telemetry import configure_logging

    configure_logging(None)
    environments: dict[str, dict[str, str]] = json.loads(os.environ.pop("KOTO_ENVIRONMENTS"))
    port = int(next(iter(environments.values()))["KOTO_OPERATIONS_PORT"])
    await serve(environments, port, stop_at_signal())


if __name__ == "__main__":
    import uvloop

    uvloop.run(main())

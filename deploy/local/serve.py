"""All services in one process: what a small machine runs."""

import asyncio
import json
import os
import signal


async def main() -> None:
    """Serves the services described in KOTO_ENVIRONMENTS (JSON: service -> its variables) until a signal."""
    from services.kit.run import serve
    from services.kit.telemetry import configure_logging

    configure_logging(None)
    environments: dict[str, dict[str, str]] = json.loads(os.environ.pop("KOTO_ENVIRONMENTS"))
    port = int(next(iter(environments.values()))["KOTO_OPERATIONS_PORT"])
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    await serve(environments, port, stop)


if __name__ == "__main__":
    import uvloop

    uvloop.run(main())

"""Whether the service can listen where `bentoml serve` was told to, asked before it starts."""

import socket

import click

from osteon.errors import UserError

_EVERYWHERE = "0.0.0.0"  # noqa: S104  # where BentoML listens unless it is told


def require_free() -> None:
    """Check the host and the port of the command that runs; without one there is none to check.

    Raises:
        UserError: somebody else listens there, or this account may not.
    """
    command = click.get_current_context(silent=True)
    if command is None or not command.params.get("port"):
        return
    host, port = command.params["host"] or _EVERYWHERE, command.params["port"]
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as BentoML does
        try:
            probe.bind((host, port))
        except OSError as error:
            raise UserError(f"cannot listen on {host}, port {port}: {error.strerror}; end what "
                            "does, or choose another by --port") from None

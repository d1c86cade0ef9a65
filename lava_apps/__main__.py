"""The command ``lava-apps``, which can install Lava where it is missing."""

from __future__ import annotations

import sys


def main() -> None:
    """Run the command line; without Lava, ``lava-apps setup`` is all there is."""
    try:
        _run()
    except KeyboardInterrupt:  # while modules are imported
        sys.exit(130)


def _run() -> None:
    if sys.argv[1:2] == ["setup"]:
        import typer

        from lava_apps.apps.setup.commands import setup

        app = typer.Typer(pretty_exceptions_enable=False, add_completion=False)
        app.command()(setup)
        app(sys.argv[2:], prog_name="lava-apps setup")
    try:
        from lava_apps.cli import main as run
    except ImportError as error:
        from lava_apps.compat import LavaVersionError

        if not (isinstance(error, LavaVersionError) or error.name == "lava"):
            raise
        print(f"lava-apps: {error}", file=sys.stderr)
        sys.exit(2)
    run()


if __name__ == "__main__":
    main()

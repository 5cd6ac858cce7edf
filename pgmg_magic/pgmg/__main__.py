"""`python -m pgmg` is the command `pgmg`."""

import signal


def main() -> None:
    """Run the command. A signal that arrives while modules are still imported ends the process without a traceback."""
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    from pgmg.cli.main import main as run

    run()


if __name__ == "__main__":
    main()

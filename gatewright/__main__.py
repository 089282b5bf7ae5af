"""Lets `python -m gatewright` run the command line."""

from gatewright.cli.start import start

if __name__ == "__main__":
    start()

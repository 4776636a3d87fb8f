"""`python -m cytoproc`."""

from cytoproc.cli import main

if __name__ == "__main__":
    main()

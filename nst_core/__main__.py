"""`python -m nst_core` is the command `nst`."""

from nst_core.cli import main

if __name__ == "__main__":
    main()

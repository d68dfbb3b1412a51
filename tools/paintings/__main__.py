"""`python -m tools.paintings` makes the sample paintings."""

from tools.paintings.paint import main

if __name__ == "__main__":
    main()

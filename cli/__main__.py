"""`python -m cli` is `bauhaus`."""

from cli.main import main

main()

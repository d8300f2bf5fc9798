"""What the commands in `setup/` share, for the tests in `tests/` too.

`interpreter`, `console`, `paths` and `bootstrap` need nothing but Python; the others
run in the virtual environment that `bootstrap` makes.
"""

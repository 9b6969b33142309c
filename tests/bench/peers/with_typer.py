"""A hello-world application of typer: what any command line on it takes to start."""

import typer

app = typer.Typer()


@app.command()
def hello(name: str, formal: bool = False) -> None:
    """Say hello."""
    print(f"{'Good day' if formal else 'Hello'} {name}")


app()

"""Stores of studies, as the program's `sweep` writes them (docs/studies.md), read with Python's own SQLite."""
from __future__ import annotations

import json
import os
import pathlib
import shutil
import sqlite3
import subprocess
import tempfile
from typing import Any


class Store:
    """The runs of a store, opened for reading; a sweep may be writing to it meanwhile.

    >>> import biascope
    >>> biascope.Store("missing.db")
    Traceback (most recent call last):
    ...
    FileNotFoundError: missing.db: there is no such store
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = pathlib.Path(path)
        if not self.path.is_file():
            raise FileNotFoundError(f"{path}: there is no such store")

    def _rows(self, query: str) -> tuple[list[str], list[tuple[Any, ...]]]:
        try:
            with sqlite3.connect(f"{self.path.resolve().as_uri()}?mode=ro", uri=True) as connection:
                cursor = connection.execute(query)
                return [column[0] for column in cursor.description], cursor.fetchall()
        except sqlite3.DatabaseError as error:
            raise ValueError(f"{self.path}: is no store of biascope ({error})") from None

    def frame(self) -> Any:
        """A pandas frame with a row for each run: its options, measures and certificates, each in a column of the name
        that docs/studies.md lists."""
        import pandas
        names, rows = self._rows("SELECT * FROM runs ORDER BY id")
        return pandas.DataFrame(rows, columns=names)

    def trace(self, hash: str) -> Any:
        """What was recorded of the run of that hash (or of its first letters), a pandas frame with a row for each record."""
        import pandas
        names, rows = self._rows("SELECT hash, trace FROM runs")
        found = [trace for name, trace in rows if name.startswith(hash)]
        if len(found) != 1:
            raise KeyError(f"{self.path} has {len(found)} runs whose hash begins with {hash!r}; expected one")
        return pandas.DataFrame(json.loads(found[0] or "{}"))

    def __repr__(self) -> str:
        _, rows = self._rows("SELECT count(*) FROM runs")
        return f"Store({str(self.path)!r}, {rows[0][0]} runs)"


def _toml(spec: dict[str, Any]) -> str:
    """A specification as TOML: scalars and lists first, then tables, then lists of tables."""

    def scalar(value: Any) -> str:
        if isinstance(value, dict):
            return "{ " + ", ".join(f"{name} = {scalar(entry)}" for name, entry in value.items()) + " }"
        if isinstance(value, (list, tuple)):
            return "[" + ", ".join(scalar(entry) for entry in value) + "]"
        if isinstance(value, bool):
            return str(value).lower()
        if isinstance(value, (int, float, str)):
            return json.dumps(value)
        raise TypeError(f"a specification holds {value!r}; expected numbers, text, lists and dicts")

    tables = {name: value for name, value in spec.items()
              if isinstance(value, list) and value and all(isinstance(entry, dict) for entry in value)}
    lines = [f"{name} = {scalar(value)}" for name, value in spec.items() if name not in tables]
    for name, entries in tables.items():
        for entry in entries:
            lines += [f"[[{name}]]", *(f"{key} = {scalar(value)}" for key, value in entry.items())]
    return "\n".join(lines) + "\n"


def sweep(spec: str | os.PathLike[str] | dict[str, Any], store: str | os.PathLike[str], *, jobs: int | None = None,
          program: str = "biascope") -> Store:
    """Runs every combination of a study's options that the store does not have yet, by the command line's program, and
    returns the store.

    spec: a TOML file (docs/studies.md), or its content as a dict: lists are axes, `data` a list of dicts.
    jobs: threads; None: one for each processor. program: where the program is. Raises FileNotFoundError where there is
    none, and ValueError with the program's sentence where the specification is wrong.
    """
    found = shutil.which(program)
    if not found:
        raise FileNotFoundError(f"the program {program!r} was not found; studies need it: install it, or name it by program=")
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / "study.toml"
        if isinstance(spec, dict):
            path.write_text(_toml(spec), encoding="utf-8")
        else:
            path = pathlib.Path(spec)
        command = [found, "sweep", str(path), "--store", str(store), "--quiet"]
        if jobs is not None:
            command += ["--jobs", str(jobs)]
        done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode != 0:
        raise ValueError(done.stderr.strip() or f"{program} sweep ended with {done.returncode}")
    return Store(store)

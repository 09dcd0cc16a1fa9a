"""The settings that the function reads, from the table in src/settings.rs. Standard library only."""

import pathlib
import re

SOURCE = pathlib.Path(__file__).parents[3] / "src" / "settings.rs"


def settings():
    """Every setting, with its default; None is no default."""
    [table] = re.findall(r"^settings! \{\n(.*?)^\}", SOURCE.read_text(), re.DOTALL | re.MULTILINE)
    declared = re.findall(r'^    ([A-Z_]+): [a-z_.]+ = (?:None|Some\("([^"]*)"\)),', table, re.MULTILINE)
    found = {name: default or None for name, default in declared}
    assert found and len(found) == len(re.findall(r"^    [A-Z_]+: ", table, re.MULTILINE)), sorted(found)
    return found


def parameter_of(variable):
    """The parameter of the templates that is this setting."""
    return "".join(part.capitalize() for part in variable.split("_"))

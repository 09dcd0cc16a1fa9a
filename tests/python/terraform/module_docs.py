"""The tables in the modules' READMEs, made from the code: versions, inputs, outputs, resources.

`make generated` writes them.

They stand between terraform-docs' markers, so that tool can take over.
"""

import functools
import pathlib
import re

import hcl2

BEGIN, END = "<!-- BEGIN_TF_DOCS -->", "<!-- END_TF_DOCS -->"
TERRAFORM = pathlib.Path(__file__).resolve().parents[3] / "terraform"


@functools.cache
def parsed(path):
    return hcl2.loads(path.read_text())


def blocks(directory, kind):
    """Name and attributes of each variable or output, in the order of the code."""
    for path in sorted(directory.glob("*.tf")):
        for block in parsed(path).get(kind, []):
            for name, attributes in block.items():
                yield name.strip('"'), attributes


def written(value):
    """A value of hcl2 as Terraform's language writes it, on one line."""
    if isinstance(value, bool):
        return str(value).lower()
    if value is None:
        return "null"
    if isinstance(value, list):
        return f"[{', '.join(map(written, value))}]"
    if isinstance(value, dict):
        pairs = [f"{key} = {written(item)}" for key, item in value.items() if not key.startswith("__")]
        return f"{{ {', '.join(pairs)} }}" if pairs else "{}"
    expression = re.fullmatch(r"\$\{(.*)\}", str(value), re.DOTALL)
    return re.sub(r"\s+", " ", expression[1] if expression else str(value))


def text(attribute):
    """A quoted string without its quotes, fit for a table's cell."""
    return attribute[1:-1].replace('\\"', '"').replace("|", "\\|")


def requirements(directory):
    """Terraform and its providers, with the versions that the code asks for."""
    (block,) = parsed(directory / "versions.tf")["terraform"]
    yield "Terraform", block["required_version"].strip('"')
    for providers in block["required_providers"]:
        for name, provider in providers.items():
            if not name.startswith("__"):
                yield f"provider {name}", provider["version"].strip('"')


def resources(directory):
    """The types of everything that is made, and of everything that is read."""
    for kind in ("resource", "data"):
        types = {name.strip('"') for path in directory.glob("*.tf") for block in parsed(path).get(kind, []) for name in block}
        yield kind, sorted(types)


def tables(directory):
    lines = ["## Versions", "", "| needs | version |", "|---|---|"]
    lines += [f"| {name} | `{version}` |" for name, version in requirements(directory)]
    lines += ["", *_variables(directory), "", "## Resources", "", "| makes | reads |", "|---|---|"]
    (_, made), (_, read) = resources(directory)
    lines.append("| {} | {} |".format(*(", ".join(f"`{kind}`" for kind in kinds) for kinds in (made, read))))
    return "\n".join(lines)


def _variables(directory):
    lines = ["## Inputs", "", "| name | description | type | default |", "|---|---|---|---|"]
    for name, variable in blocks(directory, "variable"):
        default = f"`{written(variable['default'])}`" if "default" in variable else "*required*"
        lines.append(f"| `{name}` | {text(variable['description'])} | `{written(variable['type'])}` | {default} |")
    lines += ["", "## Outputs", "", "| name | description |", "|---|---|"]
    for name, output in blocks(directory, "output"):
        lines.append(f"| `{name}` | {text(output['description'])} |")
    return lines


def rewritten(readme, directory):
    """The README with its tables generated again."""
    before, rest = readme.split(BEGIN)
    _, after = rest.split(END)
    return f"{before}{BEGIN}\n{tables(directory)}\n{END}{after}"


def documented():
    """Every directory whose README has tables."""
    return sorted(path.parent for path in TERRAFORM.glob("**/README.md") if BEGIN in path.read_text())


if __name__ == "__main__":
    for directory in documented():
        readme = directory / "README.md"
        readme.write_text(rewritten(readme.read_text(), directory))

"""What the declarations write into files: comments of yaml files, and the option tables of docs/models/.

In a clone, after a declaration has changed: ``python -m recbole_lsrec.config.option_table``. Tests hold the files equal.
"""

import re
from collections.abc import Mapping
from pathlib import Path

from recbole_lsrec import registry
from recbole_lsrec.config.known import general_settings
from recbole_lsrec.config.paths import properties_dir
from recbole_lsrec.config.setting import Setting, settings_of

_LINE = re.compile(r"^((\w+):.*?#\s*)\(.*$")
_MARKED = re.compile(r"(<!-- options of (\w+), written by option_table -->\n).*?(<!-- end of options -->)", re.DOTALL)


def option_table(model: str) -> str:
    """Returns the options of a model as a Markdown table, under the headings of its yaml file."""
    declared = settings_of(registry.declared_options(model))
    lines = ["| option | default | accepted | what |", "| --- | --- | --- | --- |"]
    for heading, keys in _sections(model):
        lines += [f"| **{heading}** | | | |"] if heading else []
        lines += [_row(declared[key]) for key in keys]
    return "\n".join(lines) + "\n"


def with_comments(text: str, declared: Mapping[str, Setting]) -> str:
    """Returns a yaml file with the comment of each key as it is declared."""
    lines = []
    for line in text.splitlines():
        found = _LINE.match(line)
        lines.append(found[1] + declared[found[2]].comment if found and found[2] in declared else line)
    return "\n".join(lines) + "\n"


def with_tables(text: str) -> str:
    """Returns a page with the option tables between its markers as they should be."""
    return _MARKED.sub(lambda found: f"{found[1]}\n{option_table(found[2])}\n{found[3]}", text)


def _row(setting: Setting) -> str:
    default = "~" if setting.default is None else str(setting.default).replace("'", "")
    words = setting.accepted.replace("|", "\\|")
    what = f"{setting.meaning} {setting.source}".strip().replace("|", "\\|")
    return f"| `{setting.name}` | `{default}` | {words} | {what} |"


def _sections(model: str) -> list[tuple[str, list[str]]]:
    """Headings of a model's yaml file, with the keys below each."""
    sections: list[tuple[str, list[str]]] = [("", [])]
    _, _, body = (properties_dir() / "model" / f"{model}.yaml").read_text(encoding="utf-8").partition("\n\n")
    for line in body.splitlines():
        if line.startswith("# "):
            sections.append((line[2:].rstrip("."), []))
        elif key := re.match(r"\w+(?=:)", line):
            sections[-1][1].append(key[0])
    return [section for section in sections if section[1]]


def main() -> None:
    """Brings the files of a clone up to date."""
    docs = properties_dir().parent / "docs"
    files = {properties_dir() / "overall.yaml": general_settings()}
    for model in registry.OPTIONS:
        files[properties_dir() / "model" / f"{model}.yaml"] = settings_of(registry.declared_options(model))
    for path, declared in files.items():
        _rewrite(path, with_comments(path.read_text(encoding="utf-8"), declared))
    for path in sorted(docs.glob("models/*.md")):
        _rewrite(path, with_tables(path.read_text(encoding="utf-8")))


def _rewrite(path: Path, text: str) -> None:
    if text != path.read_text(encoding="utf-8"):
        path.write_text(text, encoding="utf-8")
        print(f"{path}: written")


if __name__ == "__main__":
    main()

"""The files of deploy/, and what is found wrong in them."""

from pathlib import Path

import yaml

HERE = Path(__file__).resolve().parent.parent
ROOT = HERE.parent
wrong = []


def expect(holds, said):
    if not holds:
        wrong.append(said)


class Strict(yaml.SafeLoader):
    """YAML in which a key stands once."""

    def construct_mapping(self, node, deep=False):
        keys = [key.value for key, _ in node.value if key.tag != "tag:yaml.org,2002:merge"]
        for key in {key for key in keys if keys.count(key) > 1}:
            raise yaml.YAMLError(f"{key} is there twice{node.start_mark}")
        return super().construct_mapping(node, deep)


def documents(name):
    return list(yaml.load_all((HERE / name).read_text(encoding="utf-8"), Loader=Strict))


def text(name):
    return (HERE / name).read_text(encoding="utf-8")


def seconds(value):
    """`30s` of compose and nginx, `30` of systemd and Kubernetes."""
    return int(str(value).removesuffix("s"))

"""Prints what the installed `openstack coe` has: a JSON object of commands, each with its own options.

The client is asked itself, so that no list by hand can be forgotten when it gets a new command or option.
"""

import importlib.metadata
import json

from osc_lib.command import command

GROUP = "openstack.container_infra.v1"


def options_of(parser):
    """Spellings of each option: several of one option are one entry, joined by a bar."""
    return {"|".join(a.option_strings) for a in parser._actions if a.option_strings}


def parser_of(cls):
    return cls(None, None).get_parser("openstack")


class PlainCommand(command.Command):
    def take_action(self, parsed_args):
        pass


class PlainList(command.Lister):
    def take_action(self, parsed_args):
        pass


class PlainShow(command.ShowOne):
    def take_action(self, parsed_args):
        pass


# How output is formatted belongs to every command of `openstack`.
SHARED = set().union(*(options_of(parser_of(c)) for c in (PlainCommand, PlainList, PlainShow)))

entries = importlib.metadata.entry_points()
group = entries.select(group=GROUP) if hasattr(entries, "select") else entries.get(GROUP, ())
commands = {
    entry.name.replace("_", " "): sorted(options_of(parser_of(entry.load())) - SHARED)
    for entry in sorted(set(group), key=lambda entry: entry.name)
}
print(json.dumps(commands))

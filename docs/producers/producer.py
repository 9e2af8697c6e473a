#!/usr/bin/env python3
"""Turns a messenger's own log (tab-separated lines, see README.md) into contract records, one JSON line each.

It runs where the messenger's servers run:  python3 producer.py pseudonym.key < log.tsv | unopened check --events -
"""
import hashlib
import hmac
import os
import re
import stat
import sys

# What the log says, in the contract's words. Nothing but these words can get into a record.
TYPES = {
    "registered": "account_registered", "signed_in": "login", "sent": "message", "called": "call",
    "asked": "contact_request", "accepted": "contact_accept", "blocked": "block", "reported": "report",
}
KINDS = {"pair": "direct", "group": "group", "channel": "channel"}
HARMS = {name: name for name in ("spam", "scam", "grooming", "harassment", "other")}


def pseudonym(key, domain, identifier, size):
    """The first size bytes of HMAC-SHA-256(key, domain followed by identifier), in hexadecimal digits."""
    return hmac.new(key, (domain + identifier).encode(), hashlib.sha256).digest()[:size].hex()


def read_key(name):
    """Reads the key, which only its owner may touch. No error shows anything of it."""
    mode = os.stat(name).st_mode
    if not stat.S_ISREG(mode) or mode & 0o077:
        sys.exit(f"{name} can be touched by others: chmod 600 {name}")
    with open(name, encoding="ascii", errors="replace") as file:
        text = file.read().strip()
    if not re.fullmatch("([0-9a-fA-F]{2}){32,}", text):
        sys.exit(f"{name} does not hold 64 or more hexadecimal digits")
    return bytes.fromhex(text)


def number(text):
    """A plain number."""
    if not re.fullmatch("[0-9]{1,18}", text):
        raise ValueError
    return int(text)


def record(key, line):
    """Makes the record of a line, its fields in the contract's order."""
    event, at, what, actor, target, chat, kind, size, device, network, country, harm = line.split("\t")
    out = ['"v":1']

    def word(field, text, words):
        if text:
            out.append(f'"{field}":"{words[text]}"')

    def name(field, domain, identifier, length):
        if identifier:
            out.append(f'"{field}":"{pseudonym(key, domain, identifier, length)}"')

    name("id", "event", event, 16)  # the same event has the same id, however often it is sent
    word("type", what, TYPES)
    out.append(f'"at":{number(at)}')
    name("actor", "account", actor, 16)
    name("target", "account", target, 16)
    name("conversation", "conversation", chat, 16)
    word("kind", kind, KINDS)
    if size:
        out.append(f'"size":{(number(size) | 1).bit_length() - 1}')  # log2 of the ciphertext's length
    name("device", "device", device, 8)
    name("network", "network", network, 8)
    if country:
        if not re.fullmatch("[A-Z]{2}", country):
            raise ValueError
        out.append(f'"country":"{country}"')
    word("category", harm, HARMS)
    return "{" + ",".join(out) + "}"


def main():
    if len(sys.argv) != 2:
        sys.exit("usage: producer KEYFILE < LOG")
    key = read_key(sys.argv[1])
    for count, line in enumerate(sys.stdin.buffer, 1):
        try:
            text = record(key, line.decode().rstrip("\n"))
        except (ValueError, KeyError):  # never what the line says
            sys.stdout.flush()
            sys.exit(f"line {count} is not as README.md says")
        # To Kafka, with confluent-kafka, where p = Producer({"bootstrap.servers": …, "enable.idempotence": True}):
        #     p.produce("unopened.raw.v1", key=actor, value=text)    and p.flush() at the end
        print(text)


if __name__ == "__main__":
    main()

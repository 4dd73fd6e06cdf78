"""What every program of pika has: an address, a name, and somewhere to write what it sees."""
import json
import os
import sys
import time

import pika

URL = os.environ.get("INTEROP_URL", "")
SCENARIOS = {}


def scenario(name):
    """Makes a function of (connection, name) a program."""

    def add(play):
        SCENARIOS[name] = play
        return play

    return add


def say(what, saw=None):
    line = json.dumps([what, saw], ensure_ascii=False, separators=(",", ":"), sort_keys=True)
    print(line, flush=True)


def connect(**more):
    parameters = pika.URLParameters(URL)
    for key, value in more.items():
        setattr(parameters, key, value)
    return pika.BlockingConnection(parameters)


def until(what, holds, connection=None):
    end = time.time() + 10
    while not holds():
        if time.time() > end:
            raise RuntimeError(f"Cannot go on: no {what} within 10 s")
        if connection:
            connection.process_data_events(time_limit=0.02)
        else:
            time.sleep(0.02)


def refused(connection, what, act):
    """Does what closes its channel, and takes down code and text."""
    channel = connection.channel()
    try:
        act(channel)
        channel.queue_declare("", exclusive=True)
        say(what, "not refused")
    except pika.exceptions.ChannelClosedByBroker as error:
        say(what, [error.reply_code, error.reply_text])


def properties_of(properties):
    return {key: shown(value) for key, value in sorted(vars(properties).items()) if value is not None}


def shown(value):
    if isinstance(value, (bytes, bytearray)):
        return value.hex()
    if isinstance(value, dict):
        return {key: shown(each) for key, each in value.items()}
    if isinstance(value, list):
        return [shown(each) for each in value]
    if isinstance(value, (int, float, str, bool)) or value is None:
        return value
    return str(value)


def main():
    name = sys.argv[1]
    if name == "--list":
        print("\n".join(SCENARIOS))
        return
    try:
        SCENARIOS[name](f"pika.{name}")
        say("done")
    except Exception as error:
        say("failed", f"{type(error).__name__}: {error}")
        raise

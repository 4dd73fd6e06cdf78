"""Programs of pika, RabbitMQ's client for Python."""
import threading
import time

import pika

from stage import connect, main, properties_of, refused, say, scenario, until


@scenario("simple")
def simple(name):
    connection = connect()
    channel = connection.channel()
    declared = channel.queue_declare(name).method
    say("declared", [declared.queue, declared.message_count, declared.consumer_count])
    channel.basic_publish("", name, b"hello", pika.BasicProperties(content_type="text/plain"))
    method, properties, body = channel.basic_get(name)
    say("got", [method.delivery_tag, method.redelivered, method.message_count, body.decode()])
    say("properties", properties_of(properties))
    channel.basic_ack(method.delivery_tag)
    say("deleted", channel.queue_delete(name).method.message_count)
    connection.close()


@scenario("get-straight-after-publish")
def get_after_publish(name):
    connection = connect()
    channel = connection.channel()
    channel.queue_declare(name, durable=True)
    lasting = pika.BasicProperties(delivery_mode=2)
    for size in (1, 1_000, 200_000):
        channel.basic_publish("", name, b"x" * size, lasting)
        method, _, body = channel.basic_get(name, auto_ack=True)
        say("got", None if method is None else len(body))
    connection.close()


@scenario("consume")
def consume(name):
    connection = connect()
    channel = connection.channel()
    channel.queue_declare(name)
    for at in range(5):
        channel.basic_publish("", name, str(at).encode())
    channel.basic_qos(prefetch_count=2)
    seen = []
    for method, _, body in channel.consume(name, inactivity_timeout=5):
        seen.append([method.delivery_tag, body.decode()])
        channel.basic_ack(method.delivery_tag)
        if len(seen) == 5:
            break
    say("seen", seen)
    say("requeued at cancel", channel.cancel())
    connection.close()


@scenario("prefetch")
def prefetch(name):
    connection = connect()
    channel = connection.channel()
    channel.queue_declare(name)
    channel.confirm_delivery()
    for at in range(10):
        channel.basic_publish("", name, str(at).encode())
    channel.basic_qos(prefetch_count=3)
    seen = []
    tag = channel.basic_consume(name, lambda _channel, method, _p, body: seen.append((method, body)))
    until("three", lambda: len(seen) >= 3, connection)
    connection.process_data_events(time_limit=0.3)
    say("no more than three", len(seen))
    channel.basic_ack(seen[1][0].delivery_tag, multiple=True)
    until("five", lambda: len(seen) >= 5, connection)
    connection.process_data_events(time_limit=0.3)
    say("then", [body.decode() for _, body in seen])
    channel.basic_nack(0, multiple=True, requeue=True)
    until("three again", lambda: len(seen) >= 8, connection)
    say("again", [[body.decode(), method.redelivered] for method, body in seen[5:8]])
    channel.basic_cancel(tag)
    connection.close()


@scenario("confirms")
def confirms(name):
    connection = connect()
    channel = connection.channel()
    channel.queue_declare(name, durable=True)
    channel.confirm_delivery()
    lasting = pika.BasicProperties(delivery_mode=2)
    for at in range(50):
        channel.basic_publish("", name, str(at).encode(), lasting, mandatory=True)
    say("there", channel.queue_declare(name, passive=True).method.message_count)
    try:
        channel.basic_publish("amq.direct", "nobody", b"x", mandatory=True)
    except pika.exceptions.UnroutableError as error:
        returned = error.messages[0]
        say("returned", [returned.method.reply_code, returned.method.reply_text])
    connection.close()


@scenario("nacked")
def nacked(name):
    connection = connect()
    channel = connection.channel()
    limits = {"x-max-length": 1, "x-overflow": "reject-publish"}
    channel.queue_declare(name, arguments=limits)
    channel.confirm_delivery()
    channel.basic_publish("", name, b"1")
    try:
        channel.basic_publish("", name, b"2")
        say("not refused")
    except pika.exceptions.NackError as error:
        say("nacked", len(error.messages))
    connection.close()


@scenario("tx")
def tx(name):
    connection = connect()
    channel, look = connection.channel(), connection.channel()
    look.queue_declare(name)
    channel.tx_select()
    channel.basic_publish("", name, b"committed")
    say("before", look.queue_declare(name, passive=True).method.message_count)
    channel.tx_commit()
    say("after", look.queue_declare(name, passive=True).method.message_count)
    channel.basic_publish("", name, b"rolled back")
    method, _, _ = channel.basic_get(name)
    channel.basic_ack(method.delivery_tag)
    channel.tx_rollback()
    say("rolled back", look.queue_declare(name, passive=True).method.message_count)
    channel.basic_ack(method.delivery_tag)
    channel.tx_commit()
    channel.close()
    say("acked", look.basic_get(name)[0])
    connection.close()


@scenario("routing")
def routing(name):
    connection = connect()
    channel = connection.channel()
    for kind in ("fanout", "direct", "topic", "headers"):
        exchange = f"{name}.{kind}"
        channel.exchange_declare(exchange, kind)
        queue = channel.queue_declare(f"{exchange}.q", exclusive=True).method.queue
        channel.queue_bind(queue, exchange, "a.*", arguments={"h": 1} if kind == "headers" else None)
        headers = pika.BasicProperties(headers={"h": 1})
        for key in ("a.b", "a.*", "b"):
            channel.basic_publish(exchange, key, key.encode(), headers if key == "b" else None)
        got = []
        while (message := channel.basic_get(queue, auto_ack=True))[0]:
            got.append([message[0].routing_key, message[2].decode()])
        say(kind, got)
    connection.close()


@scenario("tables")
def tables(name):
    connection = connect()
    channel = connection.channel()
    channel.queue_declare(name)
    headers = {
        "int": 7, "long": 2**40, "negative": -1, "text": "ä", "bytes": b"\x00\xff", "yes": True,
        "nothing": None, "list": [1, "two", [3]], "table": {"deep": {"er": 1}},
    }
    properties = pika.BasicProperties(
        content_type="a", content_encoding="b", headers=headers, delivery_mode=1, priority=3,
        correlation_id="c", reply_to="r", expiration="60000", message_id="m",
        timestamp=1_700_000_000, type="t", app_id="app", cluster_id="cluster",
    )
    channel.basic_publish("", name, b"", properties)
    _, got, body = channel.basic_get(name)
    say("body", body.decode())
    say("properties", properties_of(got))
    connection.close()


@scenario("rpc")
def rpc(name):
    connection = connect()
    channel = connection.channel()
    channel.queue_declare(name)

    def serve(each, method, properties, body):
        answer = pika.BasicProperties(correlation_id=properties.correlation_id)
        each.basic_publish("", properties.reply_to, body + b"!", answer)
        each.basic_ack(method.delivery_tag)

    channel.basic_consume(name, serve)
    caller = connection.channel()
    answers = []
    caller.basic_consume(
        "amq.rabbitmq.reply-to",
        lambda _c, _m, properties, body: answers.append([properties.correlation_id, body.decode()]),
        auto_ack=True,
    )
    for at in ("1", "2"):
        call = pika.BasicProperties(reply_to="amq.rabbitmq.reply-to", correlation_id=at)
        caller.basic_publish("", name, b"call " + at.encode(), call)
    until("two answers", lambda: len(answers) == 2, connection)
    say("answers", answers)
    connection.close()


@scenario("redelivery")
def redelivery(name):
    first = connect()
    channel = first.channel()
    channel.queue_declare(name, durable=True)
    channel.confirm_delivery()
    for at in range(3):
        channel.basic_publish("", name, str(at).encode())
    for _ in range(2):
        channel.basic_get(name)
    first.close()
    second = connect()
    channel = second.channel()
    count = lambda: channel.queue_declare(name, durable=True, passive=True).method.message_count
    until("requeue", lambda: count() == 3)
    for _ in range(3):
        method, _, body = channel.basic_get(name, auto_ack=True)
        say("got", [body.decode(), method.redelivered])
    second.close()


@scenario("mistakes")
def mistakes(name):
    connection = connect()
    refused(connection, "passive", lambda each: each.queue_declare(name, passive=True))
    refused(connection, "publish", lambda each: each.basic_publish("none", "", b""))
    refused(connection, "bind", lambda each: each.queue_bind("none", "amq.direct", ""))
    refused(connection, "ack", lambda each: each.basic_ack(9))
    refused(connection, "reserved", lambda each: each.exchange_declare("amq.mine", "direct"))
    connection.channel().queue_declare(name)
    refused(connection, "inequivalent", lambda each: each.queue_declare(name, durable=True))
    refused(connection, "ttl", lambda each: each.queue_declare(f"{name}.t", arguments={"x-message-ttl": -1}))
    refused(connection, "recover", lambda each: each.basic_recover(requeue=True))
    connection.close()


@scenario("connection-mistakes")
def connection_mistakes(name):
    for what, more in (
        ("password", {"credentials": pika.PlainCredentials("nobody", "wrong")}),
        ("vhost", {"virtual_host": "none"}),
    ):
        try:
            connect(**more)
            say(what, "let in")
        except pika.exceptions.AMQPError as error:
            say(what, [type(error).__name__, str(error).split(":")[0]])
    connection = connect()
    try:
        channel = connection.channel()
        channel.basic_publish("", name, b"x", mandatory=False)
        channel.basic_qos(prefetch_size=1)
        say("prefetch size", "not refused")
    except pika.exceptions.ConnectionClosedByBroker as error:
        say("prefetch size", [error.reply_code, error.reply_text])


@scenario("cancelled-by-the-server")
def cancelled(name):
    connection = connect()
    channel = connection.channel()
    channel.queue_declare(name)
    told = []
    channel.add_on_cancel_callback(lambda frame: told.append(type(frame.method).__name__))
    channel.basic_consume(name, lambda *_: None)
    channel.queue_delete(name)
    until("cancel", lambda: told, connection)
    say("told", told)
    connection.close()


@scenario("heartbeats")
def heartbeats(name):
    connection = connect(heartbeat=1)
    channel = connection.channel()
    channel.queue_declare(name)
    connection.process_data_events(time_limit=4)
    channel.basic_publish("", name, b"still there")
    say("open", connection.is_open)
    other = connect(heartbeat=2)
    time.sleep(0.1)
    other.close()
    connection.close()


@scenario("many-threads")
def many_threads(name):
    setup = connect()
    setup.channel().queue_declare(name)

    def work(at):
        connection = connect()
        channel = connection.channel()
        channel.confirm_delivery()
        for number in range(20):
            channel.basic_publish("", name, f"{at} {number}".encode())
        connection.close()

    threads = [threading.Thread(target=work, args=(at,)) for at in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    channel = setup.channel()
    say("from all", channel.queue_declare(name, passive=True).method.message_count)
    setup.close()


@scenario("dead-letters")
def dead_letters(name):
    connection = connect()
    channel = connection.channel()
    channel.queue_declare(f"{name}.dead")
    to = {"x-dead-letter-exchange": "", "x-dead-letter-routing-key": f"{name}.dead"}
    channel.queue_declare(name, arguments={**to, "x-message-ttl": 100})
    channel.basic_publish("", name, b"expires", pika.BasicProperties(headers={"kept": 1}))
    count = lambda: channel.queue_declare(f"{name}.dead", passive=True).method.message_count
    until("dead letter", lambda: count() == 1)
    _, properties, body = channel.basic_get(f"{name}.dead", auto_ack=True)
    headers = properties.headers
    for death in headers.get("x-death", []):
        death.pop("time")
    say("dead", [body.decode(), headers])
    connection.close()


@scenario("priority")
def priority(name):
    connection = connect()
    channel = connection.channel()
    channel.queue_declare(name, arguments={"x-max-priority": 3})
    channel.confirm_delivery()
    for level in (0, 2, 1, 3, 2):
        channel.basic_publish("", name, str(level).encode(), pika.BasicProperties(priority=level))
    say("order", [channel.basic_get(name, auto_ack=True)[2].decode() for _ in range(5)])
    connection.close()


main()

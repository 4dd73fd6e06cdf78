import com.rabbitmq.client.AMQP;
import com.rabbitmq.client.Channel;
import com.rabbitmq.client.Connection;
import com.rabbitmq.client.ConnectionFactory;
import com.rabbitmq.client.Delivery;
import com.rabbitmq.client.GetResponse;
import com.rabbitmq.client.RpcClient;
import com.rabbitmq.client.RpcClientParams;
import com.rabbitmq.client.RpcServer;
import com.rabbitmq.client.impl.LongStringHelper;
import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.Date;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;

/** Programs of RabbitMQ's Java client. */
final class Programs extends Stage {
    private static final Map<String, Play> SCENARIOS = new TreeMap<>();

    static {
        SCENARIOS.put("simple", Programs::simple);
        SCENARIOS.put("publish-then-get", Programs::publishThenGet);
        SCENARIOS.put("confirms", Programs::confirms);
        SCENARIOS.put("returns", Programs::returns);
        SCENARIOS.put("tx", Programs::tx);
        SCENARIOS.put("prefetch", Programs::prefetch);
        SCENARIOS.put("topology", Programs::topology);
        SCENARIOS.put("rpc", Programs::rpc);
        SCENARIOS.put("redelivery", Programs::redelivery);
        SCENARIOS.put("cancel-notify", Programs::cancelNotify);
        SCENARIOS.put("tables", Programs::tables);
        SCENARIOS.put("mistakes", Programs::mistakes);
        SCENARIOS.put("login", Programs::login);
        SCENARIOS.put("exclusive", Programs::exclusive);
        SCENARIOS.put("dead-letters", Programs::deadLetters);
        SCENARIOS.put("overflow", Programs::overflow);
        SCENARIOS.put("priority", Programs::priority);
        SCENARIOS.put("recovery", Programs::recovery);
        SCENARIOS.put("heartbeat", Programs::heartbeat);
        SCENARIOS.put("counts", Programs::counts);
    }

    public static void main(String[] args) throws Exception {
        if (args[0].equals("--list")) {
            SCENARIOS.keySet().forEach(System.out::println);
            return;
        }
        try {
            SCENARIOS.get(args[0]).on("java." + args[0]);
            System.out.println("[\"done\",null]");
            System.exit(0);
        } catch (Throwable error) {
            error.printStackTrace();
            say("failed", String.valueOf(error.getMessage()));
            System.exit(1);
        }
    }

    static void simple(String name) throws Exception {
        Connection connection = connect();
        Channel channel = connection.createChannel();
        AMQP.Queue.DeclareOk declared = channel.queueDeclare(name, true, false, false, null);
        say("declared", declared.getQueue(), declared.getMessageCount(), declared.getConsumerCount());
        BlockingQueue<Delivery> inbox = consume(channel, name, false);
        publish(channel, name, "hello");
        Delivery delivery = take(inbox);
        say("received", seen(delivery));
        channel.basicAck(delivery.getEnvelope().getDeliveryTag(), false);
        say("deleted", channel.queueDelete(name).getMessageCount());
        connection.close();
    }

    static void publishThenGet(String name) throws Exception {
        Connection connection = connect();
        Channel channel = connection.createChannel();
        declare(channel, name);
        for (int size : new int[] {0, 1, 1_000, 300_000}) {
            AMQP.BasicProperties lasting = new AMQP.BasicProperties.Builder().deliveryMode(2).build();
            channel.basicPublish("", name, lasting, new byte[size]);
            GetResponse response = channel.basicGet(name, true);
            say(size + " bytes", response == null ? "nothing" : response.getBody().length);
        }
        connection.close();
    }

    static void confirms(String name) throws Exception {
        Connection connection = connect();
        Channel channel = connection.createChannel();
        declare(channel, name);
        channel.confirmSelect();
        for (int at = 0; at < 200; at++) publish(channel, at % 3 == 0 ? "nobody" : name, "x");
        say("all confirmed", channel.waitForConfirms(10_000));
        say("next", channel.getNextPublishSeqNo());
        say("there", channel.messageCount(name));
        connection.close();
    }

    static void returns(String name) throws Exception {
        Connection connection = connect();
        Channel channel = connection.createChannel();
        channel.confirmSelect();
        channel.addReturnListener(each ->
            say("returned", each.getReplyCode(), each.getReplyText(), each.getExchange(), each.getRoutingKey()));
        channel.basicPublish("amq.direct", name, true, null, "x".getBytes());
        say("confirmed", channel.waitForConfirms(10_000));
        connection.close();
    }

    static void tx(String name) throws Exception {
        Connection connection = connect();
        Channel channel = connection.createChannel();
        Channel look = connection.createChannel();
        declare(look, name);
        channel.txSelect();
        publish(channel, name, "1");
        say("before", look.messageCount(name));
        channel.txCommit();
        say("after", look.messageCount(name));
        publish(channel, name, "never");
        channel.txRollback();
        GetResponse response = channel.basicGet(name, false);
        say("got", body(response));
        channel.basicAck(response.getEnvelope().getDeliveryTag(), false);
        channel.txRollback();
        channel.basicAck(response.getEnvelope().getDeliveryTag(), false);
        channel.txCommit();
        channel.close();
        say("acked", look.messageCount(name));
        refused(connection, "commit without select", each -> each.txCommit());
        refused(connection, "confirms in tx", each -> {
            each.txSelect();
            each.confirmSelect();
        });
        connection.close();
    }

    static void prefetch(String name) throws Exception {
        Connection connection = connect();
        Channel channel = connection.createChannel();
        declare(channel, name);
        channel.basicQos(2);
        BlockingQueue<Delivery> inbox = consume(channel, name, false);
        for (int at = 0; at < 5; at++) publish(channel, name, String.valueOf(at));
        Delivery first = take(inbox);
        Delivery second = take(inbox);
        Thread.sleep(200);
        say("two, and none more", seen(first), seen(second), inbox.size());
        channel.basicAck(second.getEnvelope().getDeliveryTag(), true);
        Delivery third = take(inbox);
        say("third", seen(third), seen(take(inbox)));
        channel.basicNack(third.getEnvelope().getDeliveryTag(), false, true);
        say("again", seen(take(inbox)));
        connection.close();
    }

    static void topology(String name) throws Exception {
        Connection connection = connect();
        Channel channel = connection.createChannel();
        for (String type : List.of("direct", "fanout", "topic", "headers")) {
            channel.exchangeDeclare(name + "." + type, type, true);
        }
        String queue = channel.queueDeclare().getQueue();
        say("named", queue);
        channel.exchangeBind(name + ".fanout", name + ".topic", "a.#");
        channel.queueBind(queue, name + ".fanout", "");
        channel.queueBind(queue, name + ".headers", "", Map.of("x-match", "all", "n", 1, "text", "a"));
        channel.basicPublish(name + ".topic", "a.b.c", null, "through two".getBytes());
        channel.basicPublish(name + ".topic", "b", null, "nowhere".getBytes());
        Map<String, Object> headers = Map.of("n", 1L, "text", "a", "more", true);
        AMQP.BasicProperties properties = new AMQP.BasicProperties.Builder().headers(headers).build();
        channel.basicPublish(name + ".headers", "", properties, "by headers".getBytes());
        BlockingQueue<Delivery> inbox = consume(channel, queue, true);
        say("got", seen(take(inbox)), seen(take(inbox)));
        channel.exchangeUnbind(name + ".fanout", name + ".topic", "a.#");
        channel.queueUnbind(queue, name + ".fanout", "");
        channel.exchangeDelete(name + ".fanout", true);
        connection.close();
    }

    static void rpc(String name) throws Exception {
        Connection connection = connect();
        Channel channel = connection.createChannel();
        channel.queueDeclare(name, false, false, false, null);
        RpcServer server = new RpcServer(channel, name) {
            @Override
            public byte[] handleCall(Delivery call, AMQP.BasicProperties properties) {
                return (new String(call.getBody()) + "!").getBytes();
            }
        };
        Thread loop = new Thread(() -> {
            try {
                server.mainloop();
            } catch (Exception over) {
                // The connection is closed.
            }
        });
        loop.setDaemon(true);
        loop.start();
        RpcClientParams parameters = new RpcClientParams();
        parameters.channel(connection.createChannel()).exchange("").routingKey(name).timeout(10_000);
        RpcClient client = new RpcClient(parameters);
        for (String call : List.of("a", "b")) say("answer", client.stringCall(call));
        connection.close();
    }

    static void redelivery(String name) throws Exception {
        Connection first = connect();
        Channel channel = first.createChannel();
        declare(channel, name);
        BlockingQueue<Delivery> inbox = consume(channel, name, false);
        for (int at = 0; at < 3; at++) publish(channel, name, String.valueOf(at));
        channel.basicAck(take(inbox).getEnvelope().getDeliveryTag(), false);
        take(inbox);
        take(inbox);
        channel.messageCount(name);
        first.abort();
        Connection second = connect();
        Channel look = second.createChannel();
        until("requeue", () -> look.messageCount(name) == 2);
        BlockingQueue<Delivery> again = consume(look, name, false);
        say("again", seen(take(again)), seen(take(again)));
        look.basicRecover(true);
        say("recovered", seen(take(again)), seen(take(again)));
        second.close();
    }

    static void cancelNotify(String name) throws Exception {
        Connection connection = connect();
        Channel channel = connection.createChannel();
        declare(channel, name);
        BlockingQueue<String> told = new LinkedBlockingQueue<>();
        channel.basicConsume(name, true, "tag", (tag, delivery) -> {}, told::add);
        channel.queueDelete(name);
        say("told", told.take());
        connection.close();
    }

    static void tables(String name) throws Exception {
        Connection connection = connect();
        Channel channel = connection.createChannel();
        declare(channel, name);
        Map<String, Object> headers = new HashMap<>();
        headers.put("boolean", true);
        headers.put("byte", (byte) -7);
        headers.put("short", (short) -300);
        headers.put("int", 1 << 30);
        headers.put("long", 1L << 40);
        headers.put("float", 0.5f);
        headers.put("double", 1e-300);
        headers.put("text", LongStringHelper.asLongString("ä"));
        headers.put("bytes", new byte[] {65, 66});
        headers.put("date", new Date(1_700_000_000_000L));
        headers.put("decimal", new BigDecimal("123.45"));
        headers.put("list", List.of(1, LongStringHelper.asLongString("two"), List.of(3)));
        headers.put("table", Map.of("deep", Map.of("er", true)));
        headers.put("null", null);
        AMQP.BasicProperties properties = new AMQP.BasicProperties(
            "a", "b", headers, 2, 5, "c", "r", "60000", "m", new Date(1_700_000_000_000L), "t", null, "app", "cl");
        channel.basicPublish("", name, properties, new byte[0]);
        channel.confirmSelect();
        publish(channel, "nobody", "");
        channel.waitForConfirms(10_000);
        until("message", () -> channel.messageCount(name) == 1);
        AMQP.BasicProperties got = channel.basicGet(name, true).getProps();
        for (Map.Entry<String, Object> each : new TreeMap<>(got.getHeaders()).entrySet()) {
            Object value = each.getValue();
            String type = value == null ? "null" : value.getClass().getSimpleName();
            say(each.getKey(), type, value instanceof Date date ? date.getTime() : text(value));
        }
        say("properties", got.getContentType(), got.getContentEncoding(), got.getDeliveryMode(), got.getPriority(),
            got.getCorrelationId(), got.getReplyTo(), got.getExpiration(), got.getMessageId(), got.getType(),
            got.getAppId(), got.getClusterId(), got.getTimestamp().getTime());
        connection.close();
    }

    private static String text(Object value) {
        return value instanceof byte[] bytes ? new String(bytes) : String.valueOf(value);
    }

    static void mistakes(String name) throws Exception {
        Connection connection = connect();
        declare(connection.createChannel(), name);
        refused(connection, "passive", each -> each.queueDeclarePassive("none"));
        refused(connection, "exchange passive", each -> each.exchangeDeclarePassive("none"));
        refused(connection, "inequivalent", each -> each.queueDeclare(name, false, false, false, null));
        refused(connection, "publish", each -> each.basicPublish("none", "", null, new byte[0]));
        refused(connection, "consume", each -> each.basicConsume("none", (tag, delivery) -> {}, tag -> {}));
        refused(connection, "bind", each -> each.queueBind(name, "none", ""));
        refused(connection, "unknown tag", each -> each.basicAck(3, false));
        refused(connection, "reserved", each -> each.queueDeclare("amq.mine", true, false, false, null));
        refused(connection, "ttl", each ->
            each.queueDeclare(name + ".t", true, false, false, Map.of("x-message-ttl", "soon")));
        refused(connection, "dlx", each ->
            each.queueDeclare(name + ".d", true, false, false, Map.of("x-dead-letter-exchange", 5)));
        say("open", connection.isOpen());
        refused(connection, "prefetch size", each -> each.basicQos(1, 1, false));
    }

    static void login(String name) throws Exception {
        ConnectionFactory password = factory();
        password.setPassword("wrong");
        tried("password", password);
        ConnectionFactory vhost = factory();
        vhost.setVirtualHost("none");
        tried("vhost", vhost);
    }

    private static void tried(String what, ConnectionFactory factory) {
        try {
            factory.newConnection().close();
            say(what, "let in");
        } catch (Exception error) {
            Throwable cause = error.getCause() == null ? error : error.getCause();
            say(what, error.getClass().getSimpleName(), String.valueOf(cause.getMessage()));
        }
    }

    static void exclusive(String name) throws Exception {
        Connection owner = connect();
        Connection other = connect();
        owner.createChannel().queueDeclare(name, false, true, false, null);
        refused(other, "declare", each -> each.queueDeclare(name, false, true, false, null));
        refused(other, "passive", each -> each.queueDeclarePassive(name));
        refused(other, "get", each -> each.basicGet(name, true));
        refused(other, "delete", each -> each.queueDelete(name));
        owner.close();
        refused(other, "gone", each -> each.queueDeclarePassive(name));
        other.close();
    }

    static void deadLetters(String name) throws Exception {
        Connection connection = connect();
        Channel channel = connection.createChannel();
        declare(channel, name + ".dead");
        Map<String, Object> to = Map.of("x-dead-letter-exchange", "", "x-dead-letter-routing-key", name + ".dead");
        channel.queueDeclare(name, true, false, false, to);
        BlockingQueue<Delivery> inbox = consume(channel, name, false);
        AMQP.BasicProperties properties = new AMQP.BasicProperties.Builder().expiration("60000").build();
        channel.basicPublish("", name, properties, "bad".getBytes());
        channel.basicReject(take(inbox).getEnvelope().getDeliveryTag(), false);
        Delivery dead = take(consume(channel, name + ".dead", true));
        Map<?, ?> death = (Map<?, ?>) ((List<?>) dead.getProperties().getHeaders().get("x-death")).get(0);
        death.remove("time");
        say("death", seen(dead), death);
        say("expiration", String.valueOf(dead.getProperties().getExpiration()));
        connection.close();
    }

    static void overflow(String name) throws Exception {
        Connection connection = connect();
        Channel channel = connection.createChannel();
        Map<String, Object> limits = Map.of("x-max-length", 1, "x-overflow", "reject-publish");
        channel.queueDeclare(name, true, false, false, limits);
        channel.confirmSelect();
        for (int at = 0; at < 3; at++) {
            publish(channel, name, String.valueOf(at));
            say("accepted", channel.waitForConfirms(10_000));
        }
        connection.close();
    }

    static void priority(String name) throws Exception {
        Connection connection = connect();
        Channel channel = connection.createChannel();
        channel.queueDeclare(name, true, false, false, Map.of("x-max-priority", 5));
        channel.confirmSelect();
        for (int level : new int[] {0, 3, 1, 5, 3}) {
            AMQP.BasicProperties properties = new AMQP.BasicProperties.Builder().priority(level).build();
            channel.basicPublish("", name, properties, String.valueOf(level).getBytes());
        }
        channel.waitForConfirms(10_000);
        List<Object> order = new ArrayList<>();
        for (int at = 0; at < 5; at++) order.add(body(channel.basicGet(name, true)));
        say("order", order);
        connection.close();
    }

    /** Automatic recovery: connection, channel, queue, binding and consumer come back. */
    static void recovery(String name) throws Exception {
        ConnectionFactory factory = factory();
        factory.setAutomaticRecoveryEnabled(true);
        factory.setNetworkRecoveryInterval(200);
        com.rabbitmq.client.impl.recovery.AutorecoveringConnection connection =
            (com.rabbitmq.client.impl.recovery.AutorecoveringConnection) factory.newConnection();
        Channel channel = connection.createChannel();
        String queue = channel.queueDeclare(name, false, true, true, null).getQueue();
        channel.exchangeDeclare(name + ".x", "fanout");
        channel.queueBind(queue, name + ".x", "");
        BlockingQueue<Delivery> inbox = consume(channel, queue, true);
        BlockingQueue<Boolean> recovered = new LinkedBlockingQueue<>();
        connection.addRecoveryListener(new com.rabbitmq.client.RecoveryListener() {
            @Override
            public void handleRecovery(com.rabbitmq.client.Recoverable recoverable) {
                recovered.add(true);
            }

            @Override
            public void handleRecoveryStarted(com.rabbitmq.client.Recoverable recoverable) {}
        });
        ((com.rabbitmq.client.impl.AMQConnection) connection.getDelegate()).getFrameHandler().close();
        recovered.take();
        channel.basicPublish(name + ".x", "", null, "after recovery".getBytes());
        say("got", seen(take(inbox)));
        connection.close();
    }

    static void heartbeat(String name) throws Exception {
        ConnectionFactory factory = factory();
        factory.setRequestedHeartbeat(1);
        Connection connection = factory.newConnection();
        Thread.sleep(4_000);
        say("open", connection.isOpen(), connection.getHeartbeat());
        connection.close();
    }

    static void counts(String name) throws Exception {
        Connection connection = connect();
        Channel channel = connection.createChannel();
        declare(channel, name);
        channel.confirmSelect();
        for (int at = 0; at < 3; at++) publish(channel, name, "x");
        channel.waitForConfirms(10_000);
        say("ready and consumers", channel.messageCount(name), channel.consumerCount(name));
        say("purged", channel.queuePurge(name).getMessageCount());
        say("left", channel.messageCount(name));
        connection.close();
    }
}

import com.rabbitmq.client.AlreadyClosedException;
import com.rabbitmq.client.AMQP;
import com.rabbitmq.client.Channel;
import com.rabbitmq.client.Connection;
import com.rabbitmq.client.ConnectionFactory;
import com.rabbitmq.client.Delivery;
import com.rabbitmq.client.GetResponse;
import com.rabbitmq.client.Method;
import com.rabbitmq.client.ShutdownSignalException;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.Callable;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;

/** What every program of the Java client has: an address, and somewhere to write what it sees. */
abstract class Stage {
    interface Play {
        void on(String name) throws Exception;
    }

    interface Act {
        void on(Channel channel) throws Exception;
    }

    static void say(String what, Object... saw) {
        System.out.println("[" + json(what) + "," + json(List.of(saw)) + "]");
    }

    static String json(Object value) {
        if (value == null) return "null";
        if (value instanceof Boolean || value instanceof Integer || value instanceof Long) return value.toString();
        List<String> parts = new ArrayList<>();
        if (value instanceof List<?> list) {
            for (Object each : list) parts.add(json(each));
            return "[" + String.join(",", parts) + "]";
        }
        if (value instanceof Map<?, ?> map) {
            Map<String, Object> sorted = new TreeMap<>();
            map.forEach((key, each) -> sorted.put(key.toString(), each));
            sorted.forEach((key, each) -> parts.add(json(key) + ":" + json(each)));
            return "{" + String.join(",", parts) + "}";
        }
        if (value instanceof byte[] bytes) return json(new String(bytes));
        return "\"" + value.toString().replace("\\", "\\\\").replace("\"", "\\\"").replace("\n", "\\n") + "\"";
    }

    static ConnectionFactory factory() throws Exception {
        ConnectionFactory factory = new ConnectionFactory();
        factory.setUri(System.getenv("INTEROP_URL"));
        factory.setAutomaticRecoveryEnabled(false);
        return factory;
    }

    static Connection connect() throws Exception {
        return factory().newConnection();
    }

    static void declare(Channel channel, String queue) throws IOException {
        channel.queueDeclare(queue, true, false, false, null);
    }

    static void publish(Channel channel, String queue, String body) throws IOException {
        channel.basicPublish("", queue, null, body.getBytes());
    }

    static BlockingQueue<Delivery> consume(Channel channel, String queue, boolean autoAck) throws IOException {
        BlockingQueue<Delivery> inbox = new LinkedBlockingQueue<>();
        channel.basicConsume(queue, autoAck, (tag, delivery) -> inbox.add(delivery), tag -> {});
        return inbox;
    }

    static Delivery take(BlockingQueue<Delivery> inbox) throws InterruptedException {
        Delivery delivery = inbox.poll(10, TimeUnit.SECONDS);
        if (delivery == null) throw new IllegalStateException("no delivery within 10 s");
        return delivery;
    }

    static Object seen(Delivery delivery) {
        return List.of(
            new String(delivery.getBody()),
            delivery.getEnvelope().getDeliveryTag(),
            delivery.getEnvelope().isRedeliver(),
            delivery.getEnvelope().getExchange(),
            delivery.getEnvelope().getRoutingKey());
    }

    static String body(GetResponse response) {
        return response == null ? "nothing" : new String(response.getBody());
    }

    static void until(String what, Callable<Boolean> holds) throws Exception {
        long end = System.currentTimeMillis() + 10_000;
        while (!holds.call()) {
            if (System.currentTimeMillis() > end) throw new IllegalStateException("no " + what + " within 10 s");
            Thread.sleep(20);
        }
    }

    /** Does what closes its channel, and takes down code and text. */
    static void refused(Connection connection, String what, Act act) throws Exception {
        Channel channel = connection.createChannel();
        try {
            act.on(channel);
            channel.queueDeclare("", false, true, true, null);
            say(what, "not refused");
        } catch (IOException | AlreadyClosedException error) {
            Throwable cause = error instanceof ShutdownSignalException ? error : error.getCause();
            Method reason = ((ShutdownSignalException) cause).getReason();
            if (reason instanceof AMQP.Channel.Close close) say(what, close.getReplyCode(), close.getReplyText());
            if (reason instanceof AMQP.Connection.Close close) say(what, close.getReplyCode(), close.getReplyText());
        }
    }
}

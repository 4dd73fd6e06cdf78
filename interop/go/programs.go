package main

import (
	"context"
	"fmt"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"
)

func init() {
	scenarios["simple"] = simple
	scenarios["publish-then-get"] = publishThenGet
	scenarios["confirms"] = confirms
	scenarios["deferred-confirms"] = deferredConfirms
	scenarios["returns"] = returns
	scenarios["tx"] = tx
	scenarios["prefetch"] = prefetch
	scenarios["topology"] = topology
	scenarios["rpc"] = rpc
	scenarios["redelivery"] = redelivery
	scenarios["cancel-notify"] = cancelNotify
	scenarios["tables"] = tables
	scenarios["mistakes"] = mistakes
	scenarios["connection-mistakes"] = connectionMistakes
	scenarios["dead-letters"] = deadLetters
	scenarios["overflow"] = overflow
	scenarios["many-channels"] = manyChannels
	scenarios["heartbeat"] = heartbeat
}

func simple(name string) {
	connection := connect()
	channel := channelOf(connection)
	say("declared", declare(channel, name, nil))
	deliveries := got(channel.Consume(name, "tag", false, false, false, false, nil))
	publish(channel, "", name, amqp.Publishing{ContentType: "text/plain", Body: []byte("hello")})
	delivery := take(deliveries, 1)[0]
	say("received", []any{delivery.DeliveryTag, delivery.ConsumerTag, delivery.RoutingKey, delivery.ContentType})
	must(delivery.Ack(false))
	must(channel.Cancel("tag", false))
	say("deleted", got(channel.QueueDelete(name, true, true, false)))
	must(connection.Close())
}

func publishThenGet(name string) {
	connection := connect()
	channel := channelOf(connection)
	declare(channel, name, nil)
	for _, size := range []int{0, 1, 1000, 300000} {
		publish(channel, "", name, amqp.Publishing{DeliveryMode: 2, Body: make([]byte, size)})
		delivery, there, err := channel.Get(name, true)
		must(err)
		say(fmt.Sprint(size, " bytes"), []any{there, len(delivery.Body)})
	}
	must(connection.Close())
}

func confirms(name string) {
	connection := connect()
	channel := channelOf(connection)
	declare(channel, name, nil)
	must(channel.Confirm(false))
	told := channel.NotifyPublish(make(chan amqp.Confirmation, 200))
	for at := 0; at < 200; at++ {
		publish(channel, "", name, text("x"))
	}
	acked := 0
	for at := 0; at < 200; at++ {
		confirmation := <-told
		if confirmation.Ack && confirmation.DeliveryTag == uint64(at+1) {
			acked++
		}
	}
	say("acked in order", acked)
	say("there", count(channel, name))
	must(connection.Close())
}

func deferredConfirms(name string) {
	connection := connect()
	channel := channelOf(connection)
	declare(channel, name, nil)
	must(channel.Confirm(false))
	for _, key := range []string{name, "nobody"} {
		confirm := got(channel.PublishWithDeferredConfirm("", key, false, false, text("x")))
		ctx, stop := context.WithTimeout(context.Background(), 10*time.Second)
		say("confirmed", got(confirm.WaitContext(ctx)))
		stop()
	}
	must(connection.Close())
}

func returns(name string) {
	connection := connect()
	channel := channelOf(connection)
	returned := channel.NotifyReturn(make(chan amqp.Return, 1))
	must(channel.Publish("amq.topic", name, true, false, amqp.Publishing{MessageId: "m", Body: []byte("x")}))
	each := <-returned
	say("returned", []any{each.ReplyCode, each.ReplyText, each.Exchange, each.RoutingKey, each.MessageId, string(each.Body)})
	must(connection.Close())
}

func tx(name string) {
	connection := connect()
	channel, look := channelOf(connection), channelOf(connection)
	declare(look, name, nil)
	must(channel.Tx())
	publish(channel, "", name, text("1"))
	say("before", count(look, name))
	must(channel.TxCommit())
	say("after", count(look, name))
	publish(channel, "", name, text("never"))
	must(channel.TxRollback())
	delivery, _, err := channel.Get(name, false)
	must(err)
	must(delivery.Ack(false))
	must(channel.TxRollback())
	must(delivery.Ack(false))
	must(channel.TxCommit())
	must(channel.Close())
	say("acked", count(look, name))
	must(connection.Close())
}

func prefetch(name string) {
	connection := connect()
	channel := channelOf(connection)
	declare(channel, name, nil)
	must(channel.Qos(2, 0, false))
	deliveries := got(channel.Consume(name, "", false, false, false, false, nil))
	for at := 0; at < 5; at++ {
		publish(channel, "", name, text(fmt.Sprint(at)))
	}
	first := take(deliveries, 2)
	time.Sleep(200 * time.Millisecond)
	say("two, and none more", []any{bodies(first), len(deliveries)})
	must(first[1].Ack(true))
	second := take(deliveries, 2)
	must(second[0].Nack(false, true))
	must(second[1].Reject(false))
	say("then", bodies(second))
	say("the requeued one again, and the last", bodies(take(deliveries, 2)))
	must(connection.Close())
}

func topology(name string) {
	connection := connect()
	channel := channelOf(connection)
	for _, kind := range []string{"direct", "fanout", "topic", "headers"} {
		must(channel.ExchangeDeclare(name+"."+kind, kind, true, false, false, false, nil))
	}
	must(channel.ExchangeBind(name+".fanout", "#", name+".topic", false, nil))
	queue := got(channel.QueueDeclare("", false, true, true, false, nil))
	must(channel.QueueBind(queue.Name, "", name+".fanout", false, nil))
	must(channel.QueueBind(queue.Name, "", name+".headers", false, amqp.Table{"x-match": "any", "a": int32(1)}))
	deliveries := got(channel.Consume(queue.Name, "", true, true, false, false, nil))
	publish(channel, name+".topic", "a.b", text("through two"))
	publish(channel, name+".headers", "k", amqp.Publishing{Headers: amqp.Table{"a": int64(1)}, Body: []byte("by header")})
	for _, each := range take(deliveries, 2) {
		say("got", []any{each.Exchange, each.RoutingKey, string(each.Body)})
	}
	must(channel.ExchangeUnbind(name+".fanout", "#", name+".topic", false, nil))
	must(channel.QueueUnbind(queue.Name, "", name+".fanout", nil))
	must(channel.ExchangeDelete(name+".fanout", true, false))
	say("purged", got(channel.QueuePurge(queue.Name, false)))
	must(connection.Close())
}

func rpc(name string) {
	connection := connect()
	server, client := channelOf(connection), channelOf(connection)
	declare(server, name, nil)
	calls := got(server.Consume(name, "", true, false, false, false, nil))
	go func() {
		for call := range calls {
			answer := amqp.Publishing{CorrelationId: call.CorrelationId, Body: append(call.Body, '!')}
			publish(server, "", call.ReplyTo, answer)
		}
	}()
	replies := got(client.Consume("amq.rabbitmq.reply-to", "", true, false, false, false, nil))
	for _, id := range []string{"1", "2"} {
		call := amqp.Publishing{ReplyTo: "amq.rabbitmq.reply-to", CorrelationId: id, Body: []byte("call")}
		publish(client, "", name, call)
	}
	for _, reply := range take(replies, 2) {
		say("answer", []any{reply.CorrelationId, string(reply.Body)})
	}
	must(connection.Close())
}

func redelivery(name string) {
	first := connect()
	channel := channelOf(first)
	declare(channel, name, nil)
	deliveries := got(channel.Consume(name, "", false, false, false, false, nil))
	for at := 0; at < 3; at++ {
		publish(channel, "", name, text(fmt.Sprint(at)))
	}
	must(take(deliveries, 3)[0].Ack(false))
	must(first.Close())
	second := connect()
	channel = channelOf(second)
	until("requeue", func() bool { return count(channel, name) == 2 })
	again := got(channel.Consume(name, "", false, false, false, false, nil))
	say("again", bodies(take(again, 2)))
	must(channel.Recover(true))
	say("recovered", bodies(take(again, 2)))
	must(second.Close())
}

func cancelNotify(name string) {
	connection := connect()
	channel, other := channelOf(connection), channelOf(connection)
	declare(channel, name, nil)
	told := channel.NotifyCancel(make(chan string, 1))
	deliveries := got(channel.Consume(name, "tag", false, false, false, false, nil))
	got(other.QueueDelete(name, false, false, false))
	say("cancelled", <-told)
	_, open := <-deliveries
	say("deliveries are open", open)
	must(connection.Close())
}

func tables(name string) {
	connection := connect()
	channel := channelOf(connection)
	declare(channel, name, nil)
	must(channel.Confirm(false))
	headers := amqp.Table{
		"bool": true, "byte": byte(200), "int8": int8(-7), "int16": int16(-300), "int32": int32(1 << 30),
		"int64": int64(1) << 40, "float32": float32(0.5), "float64": 1e-300, "string": "ä",
		"bytes": []byte{0, 255}, "time": time.Unix(1700000000, 0), "nil": nil,
		"decimal": amqp.Decimal{Scale: 2, Value: 12345},
		"array":   []any{int32(1), "two", amqp.Table{"three": int32(3)}},
		"table":   amqp.Table{"deep": amqp.Table{"er": true}},
	}
	message := amqp.Publishing{
		Headers: headers, ContentType: "a", ContentEncoding: "b", DeliveryMode: 2, Priority: 4,
		CorrelationId: "c", ReplyTo: "r", Expiration: "60000", MessageId: "m", Type: "t", AppId: "app",
		Timestamp: time.Unix(1700000000, 0),
	}
	confirm := got(channel.PublishWithDeferredConfirm("", name, false, false, message))
	confirm.Wait()
	delivery, _, err := channel.Get(name, true)
	must(err)
	for _, key := range []string{"bool", "byte", "int8", "int16", "int32", "int64", "float32", "float64",
		"string", "bytes", "time", "nil", "decimal", "array", "table"} {
		value := delivery.Headers[key]
		if when, is := value.(time.Time); is {
			value = when.Unix()
		}
		say(key, fmt.Sprintf("%T %v", value, value))
	}
	say("properties", []any{delivery.ContentType, delivery.ContentEncoding, delivery.DeliveryMode, delivery.Priority,
		delivery.CorrelationId, delivery.ReplyTo, delivery.Expiration, delivery.MessageId, delivery.Type,
		delivery.AppId, delivery.Timestamp.Unix()})
	must(connection.Close())
}

func mistakes(name string) {
	connection := connect()
	declare(channelOf(connection), name, nil)
	refused(connection, "passive", func(each *amqp.Channel) error {
		_, err := each.QueueDeclarePassive("none", true, false, false, false, nil)
		return err
	})
	refused(connection, "inequivalent", func(each *amqp.Channel) error {
		_, err := each.QueueDeclare(name, false, false, false, false, nil)
		return err
	})
	refused(connection, "publish", func(each *amqp.Channel) error {
		return each.Publish("none", "", false, false, text("x"))
	})
	refused(connection, "exchange type", func(each *amqp.Channel) error {
		must(each.ExchangeDeclare(name, "direct", true, false, false, false, nil))
		return each.ExchangeDeclare(name, "topic", true, false, false, false, nil)
	})
	refused(connection, "unknown tag", func(each *amqp.Channel) error { return each.Ack(7, false) })
	refused(connection, "consume", func(each *amqp.Channel) error {
		_, err := each.Consume("none", "", false, false, false, false, nil)
		return err
	})
	refused(connection, "delete of amq.", func(each *amqp.Channel) error {
		return each.ExchangeDelete("amq.topic", false, false)
	})
	say("the connection is open", !connection.IsClosed())
	must(connection.Close())
}

func connectionMistakes(name string) {
	for what, change := range map[string]func(*amqp.Config){
		"vhost": func(config *amqp.Config) { config.Vhost = "none" },
	} {
		config := amqp.Config{}
		change(&config)
		_, err := amqp.DialConfig(url, config)
		say(what, fmt.Sprint(err))
	}
	_, err := amqp.DialConfig(url, amqp.Config{SASL: []amqp.Authentication{&amqp.PlainAuth{Username: "nobody", Password: "x"}}})
	say("login", fmt.Sprint(err))
	connection := connect()
	closed := connection.NotifyClose(make(chan *amqp.Error, 1))
	_ = channelOf(connection).Qos(0, 1, false)
	reason := <-closed
	say("prefetch size", []any{reason.Code, reason.Reason})
}

func deadLetters(name string) {
	connection := connect()
	channel := channelOf(connection)
	declare(channel, name+".dead", nil)
	declare(channel, name, amqp.Table{"x-dead-letter-exchange": "", "x-dead-letter-routing-key": name + ".dead"})
	deliveries := got(channel.Consume(name, "", false, false, false, false, nil))
	publish(channel, "", name, text("bad"))
	must(take(deliveries, 1)[0].Reject(false))
	dead := got(channel.Consume(name+".dead", "", true, false, false, false, nil))
	headers := take(dead, 1)[0].Headers
	for _, death := range headers["x-death"].([]any) {
		table := death.(amqp.Table)
		delete(table, "time")
		say("death", table)
	}
	say("first", []any{headers["x-first-death-reason"], headers["x-first-death-queue"], headers["x-first-death-exchange"]})
	must(connection.Close())
}

func overflow(name string) {
	connection := connect()
	channel := channelOf(connection)
	declare(channel, name, amqp.Table{"x-max-length": int32(1), "x-overflow": "reject-publish"})
	must(channel.Confirm(false))
	for at := 0; at < 3; at++ {
		confirm := got(channel.PublishWithDeferredConfirm("", name, false, false, text(fmt.Sprint(at))))
		say("confirmed", confirm.Wait())
	}
	must(connection.Close())
}

func manyChannels(name string) {
	connection := connect()
	declare(channelOf(connection), name, nil)
	done := make(chan bool)
	for at := 0; at < 20; at++ {
		go func() {
			channel := channelOf(connection)
			must(channel.Confirm(false))
			for number := 0; number < 20; number++ {
				got(channel.PublishWithDeferredConfirm("", name, false, false, text("x"))).Wait()
			}
			must(channel.Close())
			done <- true
		}()
	}
	for at := 0; at < 20; at++ {
		<-done
	}
	say("from all", count(channelOf(connection), name))
	must(connection.Close())
}

func heartbeat(name string) {
	connection := got(amqp.DialConfig(url, amqp.Config{Heartbeat: time.Second}))
	time.Sleep(4 * time.Second)
	say("agreed", connection.Config.Heartbeat.Seconds())
	say("open", !connection.IsClosed())
	say("works", declare(channelOf(connection), name, nil))
	must(connection.Close())
}

// Programs of amqp091-go, RabbitMQ's client for Go.
package main

import (
	"encoding/json"
	"fmt"
	"os"
	"sort"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"
)

var url = os.Getenv("INTEROP_URL")

var scenarios = map[string]func(name string){}

func main() {
	name := os.Args[1]
	if name == "--list" {
		var names []string
		for each := range scenarios {
			names = append(names, each)
		}
		sort.Strings(names)
		for _, each := range names {
			fmt.Println(each)
		}
		return
	}
	defer func() {
		if failure := recover(); failure != nil {
			say("failed", fmt.Sprint(failure))
			os.Exit(1)
		}
	}()
	scenarios[name]("amqp091-go." + name)
	say("done", nil)
}

func say(what string, saw any) {
	line, err := json.Marshal([]any{what, saw})
	must(err)
	fmt.Println(string(line))
}

func must(err error) {
	if err != nil {
		panic(err)
	}
}

func got[T any](value T, err error) T {
	must(err)
	return value
}

func connect() *amqp.Connection {
	return got(amqp.Dial(url))
}

func channelOf(connection *amqp.Connection) *amqp.Channel {
	return got(connection.Channel())
}

func declare(channel *amqp.Channel, name string, args amqp.Table) amqp.Queue {
	return got(channel.QueueDeclare(name, true, false, false, false, args))
}

func count(channel *amqp.Channel, name string) int {
	return got(channel.QueueDeclarePassive(name, true, false, false, false, nil)).Messages
}

func publish(channel *amqp.Channel, exchange, key string, message amqp.Publishing) {
	must(channel.Publish(exchange, key, false, false, message))
}

func text(body string) amqp.Publishing {
	return amqp.Publishing{Body: []byte(body)}
}

// The next so many deliveries, within 10 s.
func take(deliveries <-chan amqp.Delivery, number int) []amqp.Delivery {
	var all []amqp.Delivery
	late := time.After(10 * time.Second)
	for len(all) < number {
		select {
		case delivery, open := <-deliveries:
			if !open {
				panic("the deliveries have ended")
			}
			all = append(all, delivery)
		case <-late:
			panic(fmt.Sprintf("only %d of %d deliveries within 10 s", len(all), number))
		}
	}
	return all
}

func bodies(deliveries []amqp.Delivery) []string {
	var all []string
	for _, each := range deliveries {
		mark := ""
		if each.Redelivered {
			mark = " again"
		}
		all = append(all, string(each.Body)+mark)
	}
	return all
}

func until(what string, holds func() bool) {
	end := time.Now().Add(10 * time.Second)
	for !holds() {
		if time.Now().After(end) {
			panic("no " + what + " within 10 s")
		}
		time.Sleep(20 * time.Millisecond)
	}
}

// Does what closes its channel, and takes down code and text.
func refused(connection *amqp.Connection, what string, act func(*amqp.Channel) error) {
	channel := channelOf(connection)
	closed := channel.NotifyClose(make(chan *amqp.Error, 1))
	_ = act(channel)
	select {
	case err := <-closed:
		say(what, []any{err.Code, err.Reason, err.Server, err.Recover})
	case <-time.After(3 * time.Second):
		say(what, "not refused")
	}
}

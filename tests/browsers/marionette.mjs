// The little of Firefox's Marionette protocol that a test needs.
//
// A message is `LENGTH:JSON`. A command is [0, id, name, parameters], its answer [1, id, error, value];
// the browser greets first. (Firefox source docs, testing/marionette/Protocol)

import { connect } from "node:net";
import { once } from "node:events";

/** A session with a Firefox that listens on 127.0.0.1. */
export class Marionette {
  #socket;
  #unread = Buffer.alloc(0);
  #answers = new Map();
  #last = 0;

  static async connect(port) {
    const socket = connect(port, "127.0.0.1");
    await once(socket, "connect");
    return new Marionette(socket);
  }

  constructor(socket) {
    this.#socket = socket;
    socket.on("data", (bytes) => this.#take(bytes));
    socket.on("close", () => this.#giveUp(new Error("Firefox closed the connection")));
  }

  /** Sends one command and gives its value. */
  send(name, parameters = {}) {
    const id = ++this.#last;
    const text = JSON.stringify([0, id, name, parameters]);
    this.#socket.write(`${Buffer.byteLength(text)}:${text}`);
    return new Promise((resolve, reject) => this.#answers.set(id, { resolve, reject }));
  }

  #take(bytes) {
    this.#unread = Buffer.concat([this.#unread, bytes]);
    for (let message = this.#next(); message; message = this.#next()) this.#settle(message);
  }

  #next() {
    const colon = this.#unread.indexOf(":");
    const end = colon + 1 + Number(this.#unread.subarray(0, Math.max(colon, 0)));
    if (colon < 0 || this.#unread.length < end) return undefined;
    const message = JSON.parse(this.#unread.subarray(colon + 1, end));
    this.#unread = this.#unread.subarray(end);
    return message;
  }

  /** The greeting is no array and answers nothing. */
  #settle(message) {
    if (!Array.isArray(message)) return;
    const [, id, error, value] = message;
    const waiting = this.#answers.get(id);
    this.#answers.delete(id);
    error ? waiting?.reject(new Error(error.message)) : waiting?.resolve(value);
  }

  #giveUp(error) {
    for (const { reject } of this.#answers.values()) reject(error);
    this.#answers.clear();
  }
}

// What an authenticator app does: RFC 6238 with SHA-1, six digits, thirty seconds.
import { createHmac } from "node:crypto";

const ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

export class App {
  /** From the address in the QR code. */
  constructor(uri) {
    const { searchParams } = new URL(uri);
    const bits = [...searchParams.get("secret").replace(/=+$/, "").toUpperCase()]
      .map((letter) => ALPHABET.indexOf(letter).toString(2).padStart(5, "0"))
      .join("");
    this.key = Buffer.from(bits.match(/.{8}/g).map((byte) => Number.parseInt(byte, 2)));
    this.digits = Number(searchParams.get("digits") ?? 6);
    this.period = Number(searchParams.get("period") ?? 30);
  }

  /** The code of now, or of `ahead` steps later: every step is good once, the next is let in early. */
  code(ahead = 0) {
    const counter = Buffer.alloc(8);
    counter.writeBigUInt64BE(BigInt(Math.floor(Date.now() / 1000 / this.period) + ahead));
    const mac = createHmac("sha1", this.key).update(counter).digest();
    const number = mac.readUInt32BE(mac.at(-1) & 0xf) & 0x7fffffff;
    return String(number % 10 ** this.digits).padStart(this.digits, "0");
  }

  /** Six digits that are not the code of any step near now. */
  wrong() {
    const near = new Set([-2, -1, 0, 1, 2].map((ahead) => this.code(ahead)));
    for (let number = 0; ; number += 1) {
      const code = String(number).padStart(this.digits, "0");
      if (!near.has(code)) return code;
    }
  }
}

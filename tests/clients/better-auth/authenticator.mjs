// A passkey as a phone or a laptop keeps it: answers to registration and sign-in as a browser hands
// them on, with the three kinds of keys that are in use.
import { createHash, generateKeyPairSync, randomBytes, sign } from "node:crypto";

const KINDS = {
  [-7]: () => generateKeyPairSync("ec", { namedCurve: "P-256" }),
  [-8]: () => generateKeyPairSync("ed25519"),
  [-257]: () => generateKeyPairSync("rsa", { modulusLength: 2048 }),
};
const [PRESENT, VERIFIED, WITH_KEY] = [0x01, 0x04, 0x40];

const base64url = (bytes) => Buffer.from(bytes).toString("base64url");
const sha256 = (bytes) => createHash("sha256").update(bytes).digest();

/** The little of CBOR that is needed. */
function cbor(value) {
  const head = (major, length) => {
    if (length < 24) return Buffer.from([(major << 5) | length]);
    if (length < 256) return Buffer.from([(major << 5) | 24, length]);
    return Buffer.from([(major << 5) | 25, length >> 8, length & 0xff]);
  };
  if (typeof value === "number") return value < 0 ? head(1, -1 - value) : head(0, value);
  if (typeof value === "string") return Buffer.concat([head(3, value.length), Buffer.from(value)]);
  if (Buffer.isBuffer(value)) return Buffer.concat([head(2, value.length), value]);
  const pairs = [...value].flatMap(([key, inner]) => [cbor(key), cbor(inner)]);
  return Buffer.concat([head(5, value.size), ...pairs]);
}

/** A public key as COSE writes it. */
function cose(publicKey, algorithm) {
  const jwk = publicKey.export({ format: "jwk" });
  const bytes = (name) => Buffer.from(jwk[name], "base64url");
  if (algorithm === -7) {
    return cbor(new Map([[1, 2], [3, -7], [-1, 1], [-2, bytes("x")], [-3, bytes("y")]]));
  }
  if (algorithm === -8) return cbor(new Map([[1, 1], [3, -8], [-1, 6], [-2, bytes("x")]]));
  return cbor(new Map([[1, 3], [3, -257], [-1, bytes("n")], [-2, bytes("e")]]));
}

export class Authenticator {
  counter = 0;

  constructor({ algorithm = -7, origin }) {
    this.algorithm = algorithm;
    this.origin = origin;
    this.id = randomBytes(32);
    ({ privateKey: this.privateKey, publicKey: this.publicKey } = KINDS[algorithm]());
  }

  said(type, challenge) {
    const said = { type, challenge, origin: this.origin, crossOrigin: false };
    return Buffer.from(JSON.stringify(said));
  }

  data(rpId, flags, more = Buffer.alloc(0)) {
    const tail = Buffer.alloc(5);
    tail[0] = flags;
    tail.writeUInt32BE((this.counter += 1), 1);
    return Buffer.concat([sha256(rpId), tail, more]);
  }

  /** `navigator.credentials.create`, as the client sends it on. */
  register(options, { rpId = options.rp.id } = {}) {
    this.owner = options.user.id;
    const key = cose(this.publicKey, this.algorithm);
    const length = Buffer.from([this.id.length >> 8, this.id.length & 0xff]);
    const credential = Buffer.concat([Buffer.alloc(16), length, this.id, key]);
    const data = this.data(rpId, PRESENT | VERIFIED | WITH_KEY, credential);
    const attestation = cbor(new Map([["fmt", "none"], ["attStmt", new Map()], ["authData", data]]));
    return {
      ...this.named(),
      response: {
        clientDataJSON: base64url(this.said("webauthn.create", options.challenge)),
        attestationObject: base64url(attestation),
        authenticatorData: base64url(data),
        publicKey: base64url(this.publicKey.export({ format: "der", type: "spki" })),
        publicKeyAlgorithm: this.algorithm,
        transports: ["internal"],
      },
    };
  }

  /** `navigator.credentials.get`, as the client sends it on. */
  authenticate(options, { rpId = options.rpId } = {}) {
    const data = this.data(rpId, PRESENT | VERIFIED);
    const said = this.said("webauthn.get", options.challenge);
    const signed = Buffer.concat([data, sha256(said)]);
    const digest = this.algorithm === -8 ? null : "sha256";
    return {
      ...this.named(),
      response: {
        clientDataJSON: base64url(said),
        authenticatorData: base64url(data),
        signature: base64url(sign(digest, signed, this.privateKey)),
        userHandle: this.owner,
      },
    };
  }

  named() {
    return {
      id: base64url(this.id),
      rawId: base64url(this.id),
      type: "public-key",
      authenticatorAttachment: "platform",
    };
  }
}

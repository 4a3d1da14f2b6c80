// Checks requests that a test received with the verifier of npm, unchanged, and signs some for the
// server to take.
import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import { test } from 'node:test'
import { Webhook } from 'standardwebhooks'

const received = JSON.parse(readFileSync(process.env.SIXFOLD_RECEIVED, 'utf8'))

for (const [index, { secret, headers, body }] of received.entries()) {
  test(`request ${index} is signed with its secret and no other`, () => {
    const verified = new Webhook(secret).verify(body, headers)
    assert.equal(verified.type, JSON.parse(body).type)
    assert.throws(() => new Webhook('whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw').verify(body, headers))
    assert.throws(() => new Webhook(secret).verify(`${body} `, headers))
    assert.throws(() => new Webhook(secret).verify(body, { ...headers, 'webhook-id': 'another' }))
  })
}

test('a call is signed as the verifier has it', () => {
  const secret = process.env.SIXFOLD_SECRET
  const body = JSON.stringify({ type: 'order.paid', data: { id: 'from npm' } })
  const at = new Date()
  const signature = new Webhook(secret).sign('msg_npm', at, body)
  const headers = {
    'webhook-id': 'msg_npm',
    'webhook-timestamp': String(Math.floor(at.getTime() / 1000)),
    'webhook-signature': signature,
  }
  writeFileSync(process.env.SIXFOLD_SIGNED, JSON.stringify({ headers, body }))
})

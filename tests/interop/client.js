/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * The other side of the interop test: ioredis, memjs and @msgpack/msgpack, and JavaScript's own JSON.
 * Checks what record.c wrote under c0, c1, …, and writes the same records under j0, j1, ….
 *
 *     node client.js write|check redis|memcached ADDRESS json|msgpack
 */
import assert from 'node:assert';
import Redis from 'ioredis';
import memjs from 'memjs';
import {decode, encode} from '@msgpack/msgpack';

/* As in record.c. 64-bit integers are BigInt. */
const records = [
  {
    id: -(2n ** 63n), natural: 2n ** 64n - 1n, small: -1, real: Number.MAX_VALUE, single: 0.5,
    on: true, shade: 'grün', 'naïve name': 'Zürich € 💶',
    binary: Uint8Array.from({length: 256}, (_, i) => i),
    home: {street: 'Main Street', city: 'Wien'}, work: {street: 'Straße 1', city: '東京'},
    tags: ['', '😀', 'line\nbreak "quoted" \\ \u0001', null],
    longs: [9007199254740993n, -9007199254740993n],
  },
  {
    id: 2n ** 63n - 1n, natural: 2n ** 63n, small: 2 ** 31 - 1, real: 5e-324, single: -1.25,
    on: false, shade: 'rot', 'naïve name': '', binary: new Uint8Array(0),
    home: {street: null, city: ''}, work: null, tags: [],
    longs: [2n ** 63n - 1n, -(2n ** 63n)],
  },
  {
    id: 7n, natural: 255n, small: 128, real: 0.1, single: 16777216, on: true, shade: 'rot',
    'naïve name': null, binary: null, home: {street: '', city: 'x'}, work: null, tags: [],
    longs: [-32n, -33n],
  },
];

/* JSON: bytes are base64, and integers that a double cannot hold come and go as text in quotes with
 * an n, which no record has. */
const json = {
  write(record) {
    const text = JSON.stringify(record, (_, value) =>
      typeof value === 'bigint' ? `${value}n`
        : value instanceof Uint8Array ? Buffer.from(value).toString('base64') : value);
    return Buffer.from(text.replace(/"(-?\d+)n"/g, '$1'));
  },
  read(bytes) {
    const text = new TextDecoder('utf-8', {fatal: true}).decode(bytes);
    const record = JSON.parse(text.replace(/(?<=[:[,])(-?\d{16,20})(?=[,\]}])/g, '"$1n"'),
      (_, value) => typeof value === 'string' && /^-?\d+n$/.test(value)
        ? BigInt(value.slice(0, -1)) : value);
    if (record.binary !== null)
      record.binary = Uint8Array.from(Buffer.from(record.binary, 'base64'));
    return record;
  },
};
const msgpack = {
  write: record => Buffer.from(encode(record, {useBigInt64: true})),
  read: bytes => decode(Uint8Array.from(bytes), {useBigInt64: true}), // else bytes are Buffers
};

/* Small 64-bit integers are plain numbers in both formats. */
function alike(record) {
  const number = value => typeof value === 'number' && Number.isInteger(value) &&
    Number.isSafeInteger(value) ? BigInt(value) : value;
  return {...record, id: number(record.id), natural: number(record.natural),
    longs: record.longs.map(number)};
}

function connect(provider, address) {
  if (provider === 'redis') {
    const redis = new Redis({path: address, maxRetriesPerRequest: 1});
    return {
      get: key => redis.getBuffer(key),
      set: (key, value) => redis.set(key, value),
      close: () => redis.quit(),
    };
  }
  const client = memjs.Client.create(address);
  return {
    get: async key => (await client.get(key)).value,
    set: (key, value) => client.set(key, value, {expires: 0}),
    close: () => client.quit(),
  };
}

const [verb, provider, address, codec] = process.argv.slice(2);
const format = {json, msgpack}[codec];
const store = connect(provider, address);
for (const [number, record] of records.entries()) {
  const key = `interop:${codec}:${verb === 'write' ? 'j' : 'c'}${number}`;
  if (verb === 'write') {
    await store.set(key, format.write(record));
  } else {
    const value = await store.get(key);
    assert.ok(value, `${key} is not there`);
    assert.deepStrictEqual(alike(format.read(value)), alike(record));
  }
}
await store.close();

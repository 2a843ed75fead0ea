// The proof of work that goes with a form (infra/functions/proof.py): a number so that the SHA-256 of
// event, address, time and number begins with enough zero bits. In slices, so that the page stays alive.

const K = new Uint32Array(64);
const START = new Uint32Array(8);
for (let found = 0, number = 2; found < 64; number++) {
    let prime = true;
    for (let each = 2; each * each <= number; each++) {
        prime = prime && number % each !== 0;
    }
    if (prime) {
        K[found] = (Math.cbrt(number) % 1) * 2 ** 32;
        if (found < 8) {
            START[found] = (Math.sqrt(number) % 1) * 2 ** 32;
        }
        found++;
    }
}

const turned = (word, by) => (word >>> by) | (word << (32 - by));

export function sha256(bytes) {
    const padded = new Uint8Array(((bytes.length + 8) >> 6 << 6) + 64);
    padded.set(bytes);
    padded[bytes.length] = 128;
    const view = new DataView(padded.buffer);
    view.setUint32(padded.length - 4, bytes.length * 8);
    const hash = Uint32Array.from(START);
    const w = new Uint32Array(64);
    for (let block = 0; block < padded.length; block += 64) {
        for (let i = 0; i < 64; i++) {
            if (i < 16) {
                w[i] = view.getUint32(block + 4 * i);
            } else {
                const a = w[i - 15], b = w[i - 2];
                w[i] = w[i - 16] + w[i - 7] + (turned(a, 7) ^ turned(a, 18) ^ (a >>> 3)) +
                    (turned(b, 17) ^ turned(b, 19) ^ (b >>> 10));
            }
        }
        let [a, b, c, d, e, f, g, h] = hash;
        for (let i = 0; i < 64; i++) {
            const one = (h + (turned(e, 6) ^ turned(e, 11) ^ turned(e, 25)) + ((e & f) ^ (~e & g)) + K[i] + w[i]) | 0;
            const two = ((turned(a, 2) ^ turned(a, 13) ^ turned(a, 22)) + ((a & b) ^ (a & c) ^ (b & c))) | 0;
            [h, g, f, e, d, c, b, a] = [g, f, e, (d + one) | 0, c, b, a, (one + two) | 0];
        }
        [a, b, c, d, e, f, g, h].forEach((word, i) => (hash[i] += word));
    }
    return hash;
}

export function zeroBits(text) {
    let bits = 0;
    for (const word of sha256(new TextEncoder().encode(text))) {
        bits += Math.clz32(word);
        if (word) {
            break;
        }
    }
    return bits;
}

export async function proven(event, address, bits, seconds = Math.floor(Date.now() / 1000)) {
    for (let number = 0; ; number++) {
        if (zeroBits(`${event}\n${address}\n${seconds}\n${number}`) >= bits) {
            return `register.${seconds}.${number}`;
        }
        if (number % 2000 === 1999) {
            await new Promise((go) => setTimeout(go));
        }
    }
}

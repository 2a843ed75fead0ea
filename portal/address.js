// An address as the event keeps it: trimmed, lower case, NFC, the domain in ASCII. The same vectors hold this file, the
// resolver and the console to one normal form (infra/resolvers/email_vectors.json).

const AROUND = /^[\s\u001c-\u001f\u0085\u00ad\u180e\u200b-\u200f\u2060\ufeff]+|[\s\u001c-\u001f\u0085\u00ad\u180e\u200b-\u200f\u2060\ufeff]+$/g;

export function normalAddress(typed) {
    let text = typed.replace(AROUND, '');
    for (let before = null; before !== text; ) {
        before = text;
        text = text.toLowerCase().normalize('NFC').replace(AROUND, '');
    }
    const at = text.lastIndexOf('@');
    const domain = text.slice(at + 1);
    if (at < 0 || /^[\x00-\x7f]*$/.test(domain) || domain.length > 254) {
        return text;
    }
    try {
        return `${text.slice(0, at)}@${new URL(`http://${domain}`).hostname}`;
    } catch {
        return text;
    }
}

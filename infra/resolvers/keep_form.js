import { util, runtime } from '@aws-appsync/utils';

// Mutation.register, second function: keep the form as it came, by one conditional write, whoever the address belongs
// to. What the form itself lacks, the authoriser has found (`problems`), by the same rules as the page at /register. A
// program that fills in what people do not see gets the same answer in the same time: its form is kept under another
// key for an hour, which nobody reads. Nobody is on any list by this.

const LONGEST = 254;
const ANSWERS = 10;
const WORDS = 1000; // of one answer; the rules' own limits are lower, this one keeps the item small
const AGAIN_S = 600; // a form sent again earlier than this changes nothing: the mail is on its way
const KEPT_S = 7 * 24 * 3600; // as rules/registration.py ASKED_FOR
const REFUSED_KEPT_S = 3600;
// What copying leaves around an address (rules/roster/addresses.py); email_vectors.json holds both to it.
const AROUND =
    ' \t\r\n\u000b\u000c\u001c\u001d\u001e\u001f\u0085\u00a0\u00ad\u180e\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007' +
    '\u2008\u2009\u200a\u200b\u200c\u200d\u200e\u200f\u2028\u2029\u202f\u205f\u2060\u3000\ufeff';

export function request(ctx) {
    const form = ctx.args.form;
    const portal = ctx.prev.result;
    const caller = ctx.identity.resolverContext;
    const email = normalEmail(form.email);
    if (!caller || caller.scope !== 'register' || caller.email !== email) {
        util.unauthorized();
    }
    if (!portal || portal.open !== true) {
        runtime.earlyReturn({ answer: 'closed', problems: [] });
    }
    const problems = JSON.parse(caller.problems ?? '[]');
    if (isTooLong(form)) {
        problems.push({ field: 'form', problem: 'too_long' });
    } else if (problems.length === 0 && !isAllowed(email, portal.domains)) {
        problems.push({ field: 'email', problem: 'foreign_domain' });
    }
    if (problems.length > 0) {
        runtime.earlyReturn({ answer: 'problems', problems });
    }
    const now = util.time.nowEpochSeconds();
    const fits = !form.website;
    const answers = {};
    for (const each of form.answers ?? []) {
        answers[each.question] = each.answer;
    }
    return {
        operation: 'PutItem',
        key: util.dynamodb.toMapValues({
            pk: `EVENT#${ctx.env.EVENT_ID}`,
            sk: `${fits ? 'REG' : 'REFUSED'}#${caller.key}`,
        }),
        attributeValues: util.dynamodb.toMapValues({
            state: 'asked',
            at: now,
            ttl: now + (fits ? KEPT_S : REFUSED_KEPT_S),
            email,
            name: form.name ?? '',
            racer_name: form.racerName ?? '',
            new_to_ml: form.newToMl ?? '',
            new_to_aws: form.newToAws ?? '',
            answers,
            language: form.language,
            consent: form.consent,
        }),
        condition: {
            expression: 'attribute_not_exists(pk) OR #at < :earlier',
            expressionNames: { '#at': 'at' },
            expressionValues: util.dynamodb.toMapValues({ ':earlier': now - AGAIN_S }),
        },
    };
}

export function response(ctx) {
    if (ctx.error && ctx.error.type !== 'DynamoDB:ConditionalCheckFailedException') {
        util.error('Nothing was kept: the portal cannot be reached right now. Try again in a minute.', 'Unavailable');
    }
    return { answer: 'received', problems: [] }; // also when the same address asked a moment ago
}

function isTooLong(form) {
    const answers = form.answers ?? [];
    let most = 0;
    for (const each of answers) {
        most = Math.max(most, each.answer.length, each.question.length);
    }
    return (
        answers.length > ANSWERS ||
        most > WORDS ||
        form.language.length > 5 ||
        (form.name ?? '').length > WORDS ||
        (form.racerName ?? '').length > WORDS ||
        form.consent.length > 9 ||
        (form.newToMl ?? '').length > 9 ||
        (form.newToAws ?? '').length > 9
    );
}

function isAllowed(email, domains) {
    const at = email.lastIndexOf('@');
    return at > 0 && email.length <= LONGEST && domains.includes(email.slice(at + 1));
}

// Trimmed, lower case, NFC. The page has put the domain into ASCII; one that is not has no normal form here.
function normalEmail(typed) {
    let text = stripped(typed);
    // Lower-casing may undo a composition and composing may leave a capital: thrice reaches what does not move.
    for (const _ of [1, 2, 3]) {
        text = stripped(text.toLowerCase().normalize('NFC'));
    }
    const domain = text.slice(text.lastIndexOf('@') + 1);
    for (const letter of domain.split('')) {
        if (letter > '\u007f') {
            return '';
        }
    }
    return text;
}

function stripped(text) {
    const letters = text.split('');
    let first = letters.length;
    let last = -1;
    for (const place in letters) {
        if (!AROUND.includes(letters[place])) {
            last = Number(place);
            first = Math.min(first, last);
        }
    }
    return text.slice(first, last + 1);
}

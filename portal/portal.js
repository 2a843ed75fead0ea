// The event portal as a static page: no framework, no cookie, nothing from elsewhere but the API that config.json names.
// Words and looks are those of the console's /register (infra/site.py copies them). Text is only ever set as text.

import { normalAddress } from './address.js';
import { proven } from './proof.js';

const [config, words] = await Promise.all(['/config.json', '/words.json'].map(async (path) => (await fetch(path)).json()));
const [, , eventInPath, own, token] = location.pathname.split('/');
const asked = new URLSearchParams(location.search).get('lang');
const language = [asked, ...navigator.languages.map((each) => each.slice(0, 2).toLowerCase()), 'en'].find((each) => words[each]);
const locale = navigator.languages.find((each) => each.slice(0, 2).toLowerCase() === language) ?? language; // 29 November or November 29
const LINK_LENGTH = 48; // characters of a whole link (rules/registration.py)
const SHOWN_DOMAINS = 5;
const POLLS_MS = [3000, 5000, 10000, 20000, 30000];
const NEW_LINK_POLLS = 2;

let shown = null; // what everybody sees
let page = {};
let next = 0; // the own page looks again by itself

// ------------------------------------------------------------------------------------------------- words and elements

function say(key, values = {}) {
    let text = key.split('.').reduce((found, part) => found?.[part], words[language]) ?? key;
    for (const [name, value] of Object.entries(values)) {
        text = text.replaceAll(`{${name}}`, value);
    }
    return text;
}

function el(name, attributes = {}, ...inside) {
    const made = document.createElement(name);
    for (const [key, value] of Object.entries(attributes)) {
        if (key.startsWith('on')) {
            made.addEventListener(key.slice(2), value);
        } else if (value === true) {
            made.setAttribute(key, '');
        } else if (value !== false && value != null) {
            made.setAttribute(key, value);
        }
    }
    made.append(...inside.flat(Infinity).filter((each) => each != null && each !== false));
    return made;
}

const paragraphs = (text) => text.split(/\n\s*\n/).filter((part) => part.trim()).map((part) => el('p', {}, part.trim()));
const link = (address, title, kind) =>
    /^https?:\/\//.test(address ?? '') && el('a', { href: address, class: kind, rel: 'noopener noreferrer' }, title);
const inOwnZone = (text, parts = { dateStyle: 'full', timeStyle: 'short' }) =>
    new Intl.DateTimeFormat(locale, parts).format(new Date(text));
const zone = () => Intl.DateTimeFormat().resolvedOptions().timeZone;

// --------------------------------------------------------------------------------------------------------- the API

async function ask(query, authorization, variables = {}) {
    const answer = await fetch(config.api, {
        method: 'POST',
        headers: { 'content-type': 'application/json', authorization },
        body: JSON.stringify({ query, variables }),
        credentials: 'omit',
    });
    const told = await answer.json();
    if (!answer.ok || told.errors?.length || !told.data) {
        throw new Error(told.errors?.[0]?.errorType ?? String(answer.status));
    }
    return told.data;
}

const PLACE = '{state email races{title address} signIn racerName waitingPlace mailed mayLeave}';

// -------------------------------------------------------------------------------------------------------- the frame

function draw(title, main, { aside = true, focus = true } = {}) {
    const name = page.event ?? '';
    document.documentElement.lang = language;
    document.title = [title, name].filter(Boolean).join(' · ');
    const languages = Object.keys(words).map((code) =>
        code === language
            ? el('span', { 'aria-current': 'true', lang: code }, words[code].language)
            : el('a', { href: `?lang=${code}`, lang: code, hreflang: code }, words[code].language),
    );
    document.body.replaceChildren(
        el('a', { class: 'skip', href: '#main' }, say('page.skip')),
        ...(page.rehearsal ? [el('p', { class: 'mark' }, say('page.rehearsal'))] : []),
        el('header', { class: 'band' }, el('div', {},
            el('p', { class: 'event' }, name || say('form.title')),
            page.starts ? el('p', {}, inOwnZone(page.starts)) : null,
            el('nav', { 'aria-label': say('page.other_language') }, languages))),
        el('div', { class: `wrap ${aside && page.starts ? 'two' : 'one'}` },
            el('main', { id: 'main', tabindex: '-1' }, el('div', { class: 'card' }, main)),
            aside && page.starts ? beside() : null),
        el('footer', {}, el('p', {}, say('page.footer'))),
    );
    if (focus) {
        const heading = document.querySelector('h1');
        heading.tabIndex = -1;
        heading.focus();
    }
}

function beside() {
    const text = page.texts?.[language]?.how_to;
    const material = (page.material ?? []).map((each) => link(each.address, each.title || say('page.material'))).filter(Boolean);
    return el('aside', {},
        el('section', { class: 'card' }, el('h2', {}, say('page.when')),
            el('p', {}, say('page.from_to', { start: inOwnZone(page.starts), end: inOwnZone(page.ends) })),
            el('p', { class: 'soft' }, say('page.zone', { zone: zone() }))),
        el('section', { class: 'card' }, el('h2', {}, say('page.how_to')),
            text?.trim() ? paragraphs(text) : el('ol', {}, words[language].page.steps.map((each) => el('li', {}, each)))),
        material.length
            ? el('section', { class: 'card' }, el('h2', {}, say('page.material')), el('ul', {}, material.map((each) => el('li', {}, each))))
            : null);
}

function tell(title, text, { back = false, again = null } = {}) {
    draw(say(title), [
        el('h1', {}, say(title)),
        el('p', {}, say(text, { event: page.event ?? '' })),
        again && el('p', {}, el('button', { type: 'button', onclick: again }, say('own.look_again'))),
        back && el('p', {}, el('a', { class: 'button plain', href: `/register/${config.event}?lang=${language}` }, say('sent.again'))),
    ]);
}

// --------------------------------------------------------------------------------------------------------- the form

function domains() {
    return page.domains.slice(0, SHOWN_DOMAINS).join(', ') + (page.domains.length > SHOWN_DOMAINS ? ', …' : '');
}

function sentence(field, problem) {
    const question = page.questions.find((each) => `q-${each.id}` === field);
    const key = question ? `problem.question_${problem}` : `problem.${field}_${problem}`;
    return say(key, { domains: domains(), title: question ? titleOf(question) : '' });
}

const titleOf = (question) => question.titles[language] || question.title;

function field(name, wrong, inside, element = 'div') {
    const error = wrong[name] && el('p', { class: 'error', id: `${name}-error` }, sentence(name, wrong[name]));
    return el(element, { class: wrong[name] ? 'field wrong' : 'field' }, inside, error);
}

function marks(name, wrong, required, hint) {
    const by = [hint, wrong[name] && `${name}-error`].filter(Boolean).join(' ');
    return { name, required, 'aria-invalid': wrong[name] ? 'true' : null, 'aria-describedby': by || null };
}

const tag = (optional) => optional && el('span', { class: 'tag' }, ` (${say('form.optional')})`);

function line(name, values, wrong, { kind = 'text', complete = 'off', required = false, title, hint } = {}) {
    const hinted = hint && `${name}-hint`;
    return field(name, wrong, [
        el('label', { for: name }, title, tag(!required)),
        hint && el('p', { class: 'hint', id: hinted }, hint),
        el('input', { type: kind, id: name, value: values[name] ?? '', autocomplete: complete, maxlength: 1000, ...marks(name, wrong, required, hinted) }),
    ]);
}

function yesNo(name, values, wrong, title, required) {
    const boxes = ['yes', 'no'].map((each) =>
        el('label', {},
            el('input', { type: 'radio', id: `${name}-${each}`, value: each, checked: values[name] === each, ...marks(name, wrong, required) }),
            el('span', {}, say(`form.${each}`))));
    return field(name, wrong, [el('legend', {}, title, tag(!required)), el('div', { class: 'choices' }, boxes)], 'fieldset');
}

function question(each, values, wrong) {
    const name = `q-${each.id}`;
    if (each.kind === 'yes_no') {
        return yesNo(name, values, wrong, titleOf(each), each.required);
    }
    if (each.kind === 'text') {
        return line(name, values, wrong, { title: titleOf(each), required: each.required });
    }
    const names = each.choices[language] ?? each.options;
    const options = each.options.map((value, i) => el('option', { value, selected: values[name] === value }, names[i]));
    return field(name, wrong, [
        el('label', { for: name }, titleOf(each), tag(!each.required)),
        el('select', { id: name, ...marks(name, wrong, each.required) }, el('option', { value: '' }, say('form.choose')), options),
    ]);
}

function consentText() {
    const texts = Object.values(page.consents).filter((each) => each.trim());
    const written = page.consents[language]?.trim() ? page.consents[language] : texts[0];
    if (written) {
        return written;
    }
    const plain = say('form.consent_text');
    const until = page.erase_on && say('form.consent_until', { date: inOwnZone(`${page.erase_on}T12:00:00`, { dateStyle: 'long' }) });
    return until ? `${plain.slice(0, plain.lastIndexOf('. '))}. ${until}` : plain;
}

function drawForm(values = {}, wrong = {}) {
    const problems = Object.keys(wrong);
    const first = (name) => (document.getElementById(name) ?? document.getElementById(`${name}-yes`))?.focus();
    const summary = problems.length > 0 && el('div', { class: 'summary', role: 'alert', tabindex: '-1', id: 'summary' },
        el('h2', {}, problems.length === 1 ? say('error.summary_one') : say('error.summary', { count: problems.length })),
        el('ul', {}, problems.map((name) =>
            el('li', {}, el('a', { href: `#${name}`, onclick: (event) => (event.preventDefault(), first(name)) }, sentence(name, wrong[name]))))));
    const welcome = page.texts?.[language]?.welcome?.trim();
    const form = el('form', { id: 'form', novalidate: true, onsubmit: (event) => (event.preventDefault(), send(form)) },
        line('email', values, wrong, { kind: 'email', complete: 'email', required: true, title: say('form.email'), hint: say('form.email_hint', { domains: domains() }) }),
        line('name', values, wrong, { complete: 'name', title: say('form.name'), hint: say('form.name_hint') }),
        line('racer_name', values, wrong, { title: say('form.racer_name'), hint: say('form.racer_name_hint') }),
        yesNo('new_to_ml', values, wrong, say('form.new_to_ml'), true),
        yesNo('new_to_aws', values, wrong, say('form.new_to_aws'), true),
        page.questions.map((each) => question(each, values, wrong)),
        el('h2', {}, say('page.privacy')),
        el('div', { class: 'notice' }, paragraphs(consentText())),
        field('consent', wrong, el('div', { class: 'agree' }, el('label', {},
            el('input', { type: 'checkbox', id: 'consent', value: page.consent, checked: values.consent === page.consent, ...marks('consent', wrong, true) }),
            el('span', {}, say('form.consent'))))),
        el('div', { class: 'trap', 'aria-hidden': 'true' }, el('label', { for: 'website' }, say('form.trap')),
            el('input', { type: 'text', id: 'website', name: 'website', tabindex: '-1', autocomplete: 'off' })),
        el('button', { id: 'send' }, say('form.send')),
        el('p', { role: 'status', id: 'status', class: 'soft' }));
    draw(say('form.title'), [
        el('h1', {}, say('form.title')),
        el('div', { class: 'soft' }, paragraphs(welcome || say('form.intro')), shown.full && el('p', {}, say('form.full'))),
        summary,
        form,
    ], { focus: false });
    document.getElementById('summary')?.focus();
}

async function send(form) {
    const values = Object.fromEntries(new FormData(form));
    const address = normalAddress(values.email ?? '');
    const button = document.getElementById('send');
    button.disabled = true;
    document.getElementById('status').textContent = say('form.sending');
    const answers = page.questions
        .map((each) => ({ question: each.id, answer: values[`q-${each.id}`] ?? '' }))
        .filter((each) => each.answer);
    const given = {
        email: address, name: values.name ?? '', racerName: values.racer_name ?? '', newToMl: values.new_to_ml ?? '',
        newToAws: values.new_to_aws ?? '', answers, language, consent: values.consent ?? '', website: values.website ?? '',
    };
    try {
        const permit = await proven(config.event, address, config.bits);
        const query = 'mutation($form:Form!){register(form:$form){answer problems{field problem}}}';
        const { answer, problems } = (await ask(query, permit, { form: given })).register;
        if (answer === 'received') {
            draw(say('sent.title'), ['title', 'text', 'hint', 'same'].map((key) =>
                el(key === 'title' ? 'h1' : 'p', { class: key === 'same' ? 'soft' : null }, say(`sent.${key}`))));
        } else if (answer === 'closed') {
            tell('closed.title', 'closed.text');
        } else {
            drawForm(values, Object.fromEntries(problems.map((each) => [each.field, each.problem])));
        }
    } catch {
        button.disabled = false;
        document.getElementById('status').textContent = say('error.store_text');
    }
}

// -------------------------------------------------------------------------------------------------------- the own page

async function drawOwn(news = '', polls = 0) {
    if (token.length < LINK_LENGTH) {
        return tell('link.cut.title', 'link.cut.text', { back: true });
    }
    let place;
    try {
        place = (await ask(`{place${PLACE}}`, `link.${token}`)).place;
    } catch {
        return tell('error.store_title', 'error.store_own_text', { again: () => drawOwn(news) });
    }
    if (place.state === 'unknown' && polls < NEW_LINK_POLLS) {
        next = setTimeout(() => drawOwn(news, polls + 1), POLLS_MS[0]); // a link that was mailed this very second
        return draw(say('own.title'), [el('h1', {}, say('own.title')), el('p', { role: 'status' }, '…')]);
    }
    const waits = ['confirmed', 'verified'].includes(place.state) && !page.by_hand;
    if (waits && polls < POLLS_MS.length) {
        next = setTimeout(() => drawOwn(news, polls + 1), POLLS_MS[polls]);
    }
    if (place.state === 'open') {
        return drawButton(place);
    }
    if (place.state === 'leaving') {
        place.state = 'withdrawn';
    }
    const broken = { used: 'ended', expired: 'ended', cut: 'cut', unknown: 'nothing' }[place.state];
    if (broken) {
        const again = place.state === 'unknown' ? () => drawOwn() : null;
        return tell(`link.${broken}.title`, `link.${broken}.text`, { back: true, again });
    }
    const state = waits || place.state === 'confirmed' ? 'verified' : place.state === 'verified' ? 'by_hand' : place.state;
    draw(say('own.title'), [
        news && el('p', { class: 'good', role: 'status' }, say(news)),
        el('h1', {}, say(`state.${state}.title`)),
        el('p', {}, say(`state.${state}.text`, { event: page.event, place: place.waitingPlace })),
        state === 'accepted' && whereToRace(place),
        state !== 'accepted' && el('p', {}, el('button', { type: 'button', class: 'plain button', onclick: () => drawOwn(news) }, say('own.look_again'))),
        place.mayLeave && el('p', {}, el('button', { type: 'button', id: 'leave', class: 'plain button', onclick: drawLeave }, say('leave.link'))),
        el('p', { class: 'soft' }, say('own.keep')),
    ], { focus: polls === 0 });
}

function drawLeave() {
    clearTimeout(next);
    draw(say('leave.title'), [
        el('h1', {}, say('leave.title')),
        el('p', {}, say('leave.text', { event: page.event })),
        el('p', {}, el('button', { type: 'button', id: 'gives-back', onclick: () => pressed('gives-back', 'leave', 'leaving', 'leave.done') }, say('leave.button'))),
        el('p', {}, el('button', { type: 'button', class: 'plain button', onclick: () => drawOwn() }, say('leave.stay'))),
        el('p', { role: 'alert', id: 'status' }),
    ]);
}

function whereToRace(place) {
    const races = place.races.map((race) => el('li', {}, link(race.address, race.title) || race.title));
    return [
        el('dl', {},
            el('dt', {}, say('own.racer_name')), el('dd', { class: 'racer' }, place.racerName ?? ''),
            el('dt', {}, say('own.way_in')), el('dd', {}, say(place.mailed ? 'own.way_in_mailed' : 'own.way_in_coming'))),
        place.mailed && el('p', {}, link(place.signIn, say('own.sign_in'), 'button') || ''),
        el('h2', {}, say('own.races')),
        races.length ? el('ul', {}, races) : el('p', {}, say('own.no_races')),
    ];
}

function drawButton(place) {
    draw(say('confirm.title'), [
        el('h1', {}, say('confirm.title')),
        el('p', {}, say('confirm.text', { event: page.event })),
        el('dl', {}, el('dt', {}, say('confirm.email')), el('dd', {}, place.email ?? ''),
            el('dt', {}, say('confirm.racer_name')), el('dd', {}, place.racerName || say('confirm.given'))),
        el('button', { type: 'button', id: 'confirm', onclick: () => pressed('confirm', 'confirm', 'confirmed', 'own.confirmed') }, say('confirm.button')),
        el('p', { class: 'soft' }, say('confirm.not_you')),
        el('p', { role: 'alert', id: 'status' }),
    ]);
}

async function pressed(id, mutation, wished, news) {
    const button = document.getElementById(id);
    button.disabled = true;
    try {
        const { state } = (await ask(`mutation{${mutation}{state}}`, `link.${token}`))[mutation];
        await drawOwn(state === wished ? news : '');
    } catch {
        button.disabled = false;
        document.getElementById('status').textContent = say('error.store_own_text');
    }
}

// --------------------------------------------------------------------------------------------------------------- start

try {
    shown = (await ask('{portal{open full page}}', 'page')).portal;
    page = JSON.parse(shown.page);
    if (own === 'me' && token) {
        await drawOwn();
    } else if (eventInPath && eventInPath !== config.event) {
        tell('error.missing_title', 'error.missing_text');
    } else if (!shown.open) {
        tell('closed.title', 'closed.text');
    } else {
        drawForm();
    }
} catch {
    tell('error.unexpected_title', 'error.unexpected_text', { again: () => location.reload() });
}

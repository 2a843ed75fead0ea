// Mutation.register, around its two functions (read_portal.js, keep_form.js): nothing before, their answer after.

export function request() {
    return {};
}

export function response(ctx) {
    return ctx.prev.result;
}

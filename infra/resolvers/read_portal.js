import { util } from '@aws-appsync/utils';

// Mutation.register, first function: is the portal open, and for which domains? One read, whoever asks.

export function request(ctx) {
    return { operation: 'GetItem', key: util.dynamodb.toMapValues({ pk: `EVENT#${ctx.env.EVENT_ID}`, sk: 'PORTAL' }) };
}

export function response(ctx) {
    if (ctx.error) {
        util.error('Nothing was kept: the portal cannot be reached right now. Try again in a minute.', 'Unavailable');
    }
    return ctx.result;
}

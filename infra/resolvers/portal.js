import { util } from '@aws-appsync/utils';

// Query.portal: what everybody may read, published by the functions as one item.

export function request(ctx) {
    return { operation: 'GetItem', key: util.dynamodb.toMapValues({ pk: `EVENT#${ctx.env.EVENT_ID}`, sk: 'PORTAL' }) };
}

export function response(ctx) {
    if (ctx.error) {
        util.error('The portal cannot be read right now: try again in a minute.', 'Unavailable');
    }
    if (!ctx.result) {
        return { open: false, full: false, page: '{}' };
    }
    return { open: ctx.result.open === true, full: ctx.result.full === true, page: ctx.result.page };
}

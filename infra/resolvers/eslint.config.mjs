import appsync from '@aws-appsync/eslint-plugin';

export default [
    { ignores: ['eslint.config.mjs'] },
    { files: ['*.js'], languageOptions: { parserOptions: { projectService: true } } },
    { files: ['*.js'], ...appsync.configs.recommended },
];

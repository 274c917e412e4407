import js from '@eslint/js'
import hooks from 'eslint-plugin-react-hooks'
import globals from 'globals'
import ts from 'typescript-eslint'

export default ts.config(
  { ignores: ['dist', 'node_modules', 'src/api/schema.ts', 'test-results', 'playwright-report'] },
  js.configs.recommended,
  ...ts.configs.strict,
  {
    files: ['**/*.{ts,tsx}'],
    languageOptions: { globals: { ...globals.browser, ...globals.node } },
    plugins: { 'react-hooks': hooks },
    rules: {
      ...hooks.configs.recommended.rules,
      '@typescript-eslint/no-unused-vars': ['error', { ignoreRestSiblings: true, varsIgnorePattern: '^_', argsIgnorePattern: '^_' }],
      'no-restricted-globals': [
        'error',
        { name: 'fetch', message: 'Use api() or request() of @/api: they carry the token, a deadline and the kinds of errors.' },
      ],
      'no-restricted-syntax': [
        'error',
        {
          selector: "CallExpression[callee.object.name='Date'][callee.property.name='now']",
          message: "Use now() of @/time/clock: the browser's clock may be wrong.",
        },
        { selector: "CallExpression[callee.property.name='randomUUID']", message: 'Use uuid() of @/store/uuid: randomUUID is missing over plain http.' },
      ],
    },
  },
  { files: ['src/api/http.ts', 'src/worker/**', 'e2e/**', 'build/**'], rules: { 'no-restricted-globals': 'off' } },
  { files: ['src/time/clock.ts', 'src/api/http.ts', 'src/store/uuid.ts', 'e2e/**', '**/*.test.*'], rules: { 'no-restricted-syntax': 'off' } },
)

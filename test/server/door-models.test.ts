/** What a program asks, and of whom. */
import { describe, expect } from 'vitest';
import { scriptedModel, test } from '../harness/index.ts';
import { openDoor, openDoorFor, post, program, question } from './open-door.ts';

describe('a model', () => {
  test('is asked for with what a program says, and what the site says', async ({
    httpd,
    provider,
  }) => {
    const model = {
      name: scriptedModel,
      model: 'upstream-name',
      endpoint: provider.url,
      api_key: 'the-operators-key',
      top_p: 0.5,
      temperature: 1,
      max_tokens: 100,
    };
    openDoorFor(httpd, [model]);
    await httpd.start();
    const said = {
      temperature: 0.25,
      top_p: 0.75,
      stop: ['END'],
      seed: 7,
      response_format: { type: 'json_object' as const },
      logit_bias: { '50': -1 },
    };
    await program(httpd, { apiKey: 'the-programs-key' }).chat.completions.create({
      ...question,
      ...said,
      max_completion_tokens: 5_000,
      user: 'somebody',
      messages: [
        { role: 'developer', content: 'Be brief.' },
        {
          role: 'user',
          content: [
            { type: 'text', text: 'What is this?' },
            { type: 'image_url', image_url: { url: 'data:image/png;base64,AA==' } },
          ],
        },
      ],
    });
    const [asked] = provider.requests;
    expect(asked?.headers.authorization).toBe('Bearer the-operators-key');
    expect(asked?.body).toEqual({
      ...said,
      model: 'upstream-name',
      max_tokens: 100,
      stream: true,
      stream_options: { include_usage: true },
      messages: [
        { role: 'developer', content: 'Be brief.' },
        {
          role: 'user',
          content: [
            { type: 'text', text: 'What is this?' },
            { type: 'image_url', image_url: { url: 'data:image/png;base64,AA==' } },
          ],
        },
      ],
    });
    expect(provider.requests[0]?.text).not.toContain('somebody');
  });

  test('takes the limit of tokens that the site sets, or a lower one', async ({
    httpd,
    provider,
  }) => {
    openDoor(httpd, provider, 'MuseAiMaxTokens 50');
    await httpd.start();
    for (const [i, asked] of [undefined, 20, 900].entries()) {
      await post(httpd, { ...question, seed: i, max_tokens: asked }).done;
    }
    expect(provider.requests.map((each) => each.field('max_tokens'))).toEqual([50, 20, 50]);
  });
});

describe('the models', () => {
  test('are listed by their names here, and told one by one', async ({ httpd, provider }) => {
    openDoorFor(httpd, [
      { name: 'writer', endpoint: provider.url },
      { name: 'meta/llama 3', endpoint: provider.url },
      // biome-ignore lint/suspicious/noTemplateCurlyInString: as it stands in models.json.
      { name: 'unusable', endpoint: provider.url, api_key: '${NOT_THERE}' },
    ]);
    httpd.config.lines('AllowEncodedSlashes On');
    await httpd.start();
    const { data } = await program(httpd).models.list();
    expect(data.map(({ id, object }) => [id, object])).toEqual([
      ['writer', 'model'],
      ['meta/llama 3', 'model'],
    ]);
    expect(await program(httpd).models.retrieve('writer')).toMatchObject({ id: 'writer' });
    expect(await program(httpd).models.retrieve('meta/llama 3')).toMatchObject({
      id: 'meta/llama 3',
    });
    const named = await httpd.get('/llm/v1/models/meta/llama%203');
    expect(JSON.parse(named.text)).toMatchObject({ id: 'meta/llama 3' });
    const bare = await httpd.get('/llm/models');
    expect(JSON.parse(bare.text).data).toHaveLength(2);
    httpd.log.expect(214);
  });

  test('are one where there is no models.json, and it can be asked', async ({
    httpd,
    provider,
  }) => {
    httpd.config.muse({ lines: [`MuseAiEndpoint ${provider.url}`] });
    httpd.config.section('Location', '/llm', 'SetHandler muse-ai-openai', 'MuseAiModel sole');
    await httpd.start();
    const { data } = await program(httpd).models.list();
    expect(data.map(({ id }) => id)).toEqual(['sole']);
    const whole = await program(httpd).chat.completions.create({ ...question, model: 'sole' });
    expect(whole.model).toBe('sole');
    expect((await post(httpd, question).done).status).toBe(404);
  });
});

test('without a model in the request the location’s answers', async ({ httpd, provider }) => {
  openDoorFor(
    httpd,
    [
      { name: 'first', endpoint: provider.url },
      { name: 'second', endpoint: provider.url },
    ],
    'MuseAiModel second',
  );
  await httpd.start();
  const { messages } = question;
  expect(JSON.parse((await post(httpd, { messages }).done).text).model).toBe('second');
});

import { messageOf } from '../../../api/errors.ts';
import type { Jinja, LlamaModel } from './node-llama.ts';
import { RequestError } from './request-error.ts';

export interface ChatMessage {
  readonly role: string;
  readonly content: string;
}

/** For models without a template of their own: the format most small models were trained with. */
const CHATML =
  "{% for message in messages %}{{ '<|im_start|>' + message['role'] + '\\n' + message['content'] + '<|im_end|>' + '\\n' }}" +
  "{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}";

/** Tokens of a conversation, by the template in the model's own file. */
export function chatTokens(model: LlamaModel, jinja: Jinja, messages: readonly ChatMessage[]): number[] {
  const declared = model.fileInfo.metadata.tokenizer?.chat_template;
  const template = typeof declared === 'string' && declared !== '' ? declared : CHATML;
  let text: string;
  try {
    text = new jinja.Template(template).render({
      messages,
      add_generation_prompt: true,
      bos_token: model.tokens.bosString ?? '',
      eos_token: model.tokens.eosString ?? '',
    });
  } catch (error) {
    // Templates refuse what they do not know, for instance a system message, by throwing.
    const why = messageOf(error);
    throw new RequestError(400, 'chat_template', `the model's chat template refuses the messages: ${why}`, 'messages');
  }
  return textTokens(model, text);
}

/** Tokens of a text that a model reads from its beginning: with the token for that, where the model wants one. */
export function textTokens(model: LlamaModel, text: string): number[] {
  const tokens = model.tokenize(text, true);
  const { bos, shouldPrependBosToken } = model.tokens;
  return shouldPrependBosToken && bos !== null && tokens[0] !== bos ? [bos, ...tokens] : tokens;
}

"""Chat templates in the manner of today's model families, written for these tests."""

# ruff: noqa: E501

CHATML = """{% if not add_generation_prompt is defined %}{% set add_generation_prompt = false %}{% endif %}
{%- for message in messages %}{{ '<|im_start|>' + message['role'] + '\\n' + message['content'] + '<|im_end|>' + '\\n' }}{% endfor %}
{%- if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}"""

LLAMA2 = """{%- if messages[0]['role'] == 'system' %}{% set loop_messages = messages[1:] %}
{%- set system_message = messages[0]['content'] %}{% else %}{% set loop_messages = messages %}{% set system_message = false %}{% endif %}
{%- for message in loop_messages %}
{%- if (message['role'] == 'user') != (loop.index0 % 2 == 0) %}{{ raise_exception('Conversation roles must alternate') }}{% endif %}
{%- if loop.index0 == 0 and system_message != false %}{% set content = '<<SYS>>\\n' + system_message + '\\n<</SYS>>\\n\\n' + message['content'] %}
{%- else %}{% set content = message['content'] %}{% endif %}
{%- if message['role'] == 'user' %}{{ bos_token + '[INST] ' + content.strip() + ' [/INST]' }}
{%- elif message['role'] == 'assistant' %}{{ ' ' + content.strip() + ' ' + eos_token }}{% endif %}{% endfor %}"""

LLAMA3 = """{{- bos_token }}
{%- if custom_tools is defined %}{% set tools = custom_tools %}{% endif %}
{%- if not date_string is defined %}{% if strftime_now is defined %}{% set date_string = strftime_now("%d %b %Y") %}{% else %}{% set date_string = "26 Jul 2024" %}{% endif %}{% endif %}
{%- if messages[0]['role'] == 'system' %}{% set system_message = messages[0]['content']|trim %}{% set messages = messages[1:] %}{% else %}{% set system_message = "" %}{% endif %}
{{- "<|start_header_id|>system<|end_header_id|>\\n\\n" }}
{%- if tools is not none and not tools_in_user_message %}{{- "Environment: ipython\\n" }}{% endif %}
{%- if builtin_tools is defined %}{{- "Tools: " + builtin_tools | reject('equalto', 'code_interpreter') | join(", ") + "\\n\\n"}}{% endif %}
{{- "Today Date: " + date_string + "\\n\\n" + system_message + "<|eot_id|>" }}
{%- for message in messages %}
{%- if not (message.role == 'ipython' or message.role == 'tool' or 'tool_calls' in message) %}
{{- '<|start_header_id|>' + message['role'] + '<|end_header_id|>\\n\\n'+ message['content'] | trim + '<|eot_id|>' }}
{%- elif 'tool_calls' in message %}
{%- if not message.tool_calls|length == 1 %}{{- raise_exception("This model only supports single tool-calls at once!") }}{% endif %}
{%- set tool_call = message.tool_calls[0].function %}
{%- for arg_name, arg_val in tool_call.arguments | items %}{{- arg_name + '="' + arg_val + '"' }}{% if not loop.last %}{{- ", " }}{% endif %}{% endfor %}
{{- '{"name": "' + tool_call.name + '", "parameters": ' + (tool_call.arguments | tojson) + "}" }}
{%- endif %}{% endfor %}{% if add_generation_prompt %}{{- '<|start_header_id|>assistant<|end_header_id|>\\n\\n' }}{% endif %}"""

MISTRAL_TOOLS = """{%- set user_messages = loop_messages | selectattr("role", "equalto", "user") | list %}
{%- set ns = namespace() %}{% set ns.index = 0 %}
{%- for message in loop_messages %}
{%- if not (message.role == "tool" or message.role == "tool_results" or (message.tool_calls is defined and message.tool_calls is not none)) %}
{%- if (message["role"] == "user") != (ns.index % 2 == 0) %}{{- raise_exception("roles must alternate") }}{% endif %}
{%- set ns.index = ns.index + 1 %}{% endif %}{% endfor %}
{%- for message in loop_messages %}
{%- if message["role"] == "user" and tools is not none and (message == user_messages[-1]) %}
{{- "[AVAILABLE_TOOLS] [" }}{% for tool in tools %}{% set tool = tool.function %}{{- '{"type": "function", "function": {' }}
{%- for key, val in tool.items() if key != "return" %}{% if val is string %}{{- '"' + key + '": "' + val + '"' }}{% else %}{{- '"' + key + '": ' + val|tojson }}{% endif %}{% endfor %}{% endfor %}{{- "[/AVAILABLE_TOOLS]" }}
{%- elif message.tool_calls is defined %}{% for tool_call in message.tool_calls %}{% set out = tool_call.function|tojson %}{{- out[:-1] }}
{%- if not tool_call.id is defined or tool_call.id|length != 9 %}{{- raise_exception("Tool call IDs should be alphanumeric strings with length 9!") }}{% endif %}{% endfor %}{% endif %}{% endfor %}"""

QWEN3 = """{%- set ns = namespace(multi_step_tool=true, last_query_index=messages|length - 1) %}
{%- for message in messages[::-1] %}{% set index = (messages|length - 1) - loop.index0 %}
{%- if ns.multi_step_tool and message.role == "user" and not(message.content.startswith('<tool_response>') and message.content.endswith('</tool_response>')) %}
{%- set ns.multi_step_tool = false %}{% set ns.last_query_index = index %}{% endif %}{% endfor %}
{%- for message in messages %}{% set content = message.content %}{% set reasoning_content = '' %}
{%- if message.reasoning_content is defined and message.reasoning_content is not none %}{% set reasoning_content = message.reasoning_content %}
{%- elif '</think>' in message.content %}{% set content = message.content.split('</think>')[-1].lstrip('\\n') %}
{%- set reasoning_content = message.content.split('</think>')[0].rstrip('\\n').split('<think>')[-1].lstrip('\\n') %}{% endif %}
{%- if loop.index0 > ns.last_query_index %}{{- '<|im_start|>' + message.role + '\\n<think>\\n' + reasoning_content.strip('\\n') + '\\n</think>\\n\\n' + content }}{% endif %}
{%- if message.role == "tool" and (loop.first or (messages[loop.index0 - 1].role != "tool")) %}{{- '<|im_start|>user' }}{% endif %}
{%- if message.tool_calls %}{% for tool_call in message.tool_calls %}{% if tool_call.function %}{% set tool_call = tool_call.function %}{% endif %}{{- tool_call.name }}{{- tool_call.arguments | tojson }}{% endfor %}{% endif %}
{%- endfor %}"""

GEMMA = """{{ bos_token }}{% if messages[0]['role'] == 'system' %}{{ raise_exception('System role not supported') }}{% endif %}
{%- for message in messages %}{% if (message['role'] == 'assistant') %}{% set role = 'model' %}{% else %}{% set role = message['role'] %}{% endif %}
{{- '<start_of_turn>' + role + '\\n' }}
{%- if message['content'] is string %}{{ message['content'] | trim }}{% elif message['content'] is iterable %}{% for item in message['content'] %}{% if item['type'] == 'image' %}{{ '<start_of_image>' }}{% elif item['type'] == 'text' %}{{ item['text'] | trim }}{% endif %}{% endfor %}{% else %}{{ raise_exception("Invalid content type") }}{% endif %}
{{- '<end_of_turn>\\n' }}{% endfor %}"""

PHI = """{% for message in messages %}{% if message['role'] == 'system' and 'tools' in message and message['tools'] is not none %}{{ '<|' + message['role'] + '|>' + message['content'] + '<|tool|>' + message['tools'] + '<|/tool|>' + '<|end|>' }}{% else %}{{ '<|' + message['role'] + '|>' + message['content'] + '<|end|>' }}{% endif %}{% endfor %}{% if add_generation_prompt %}{{ '<|assistant|>' }}{% else %}{{ eos_token }}{% endif %}"""

DEEPSEEK = """{% set ns = namespace(is_first=false, is_tool=false, is_output_first=true, system_prompt='', is_first_sp=true) %}
{%- for message in messages %}{% if message['role'] == 'system' %}{% if ns.is_first_sp %}{% set ns.system_prompt = ns.system_prompt + message['content'] %}{% set ns.is_first_sp = false %}{% else %}{% set ns.system_prompt = ns.system_prompt + '\\n\\n' + message['content'] %}{% endif %}{% endif %}{% endfor %}{{ bos_token }}{{ ns.system_prompt }}
{%- for message in messages %}{% if message['role'] == 'assistant' and 'tool_calls' in message %}{% for tool in message['tool_calls'] %}{{ tool['type'] + '\\n```json\\n' + tool['function']['arguments'] + '\\n```' }}{% endfor %}{% endif %}
{%- if message['role'] == 'assistant' %}{% set content = message['content'] %}{% if '</think>' in content %}{% set content = content.split('</think>')[-1] %}{% endif %}{{ content }}{% endif %}{% endfor %}"""

TYPES_MACRO = """{%- macro render_type(spec, required_params, is_nullable=false) -%}
{%- if spec.type == "array" -%}{%- if spec['items'] -%}{%- if spec['items']['type'] in basic_types -%}{{- spec['items']['type'] + '[]' }}{%- else -%}{%- set inner = render_type(spec['items'], required_params) -%}{{- inner if inner|length <= 50 else 'any[]' }}{%- endif -%}{%- endif -%}
{%- elif spec.enum is defined -%}{{- '"' + spec.enum|join('" | "') + '"' -}}
{%- elif spec.oneOf -%}{%- for variant in spec.oneOf -%}{{- render_type(variant, required_params) -}}{%- if not loop.last %}{{- " | " }}{%- endif -%}{%- endfor -%}
{%- elif spec.type == "object" -%}{%- for prop_name, prop_spec in spec.properties.items() -%}{{- prop_name -}}{%- if prop_name not in (spec.required or []) -%}{{- "?" }}{%- endif -%}{{- ": " -}}{{ render_type(prop_spec, spec.required or []) }}{%- endfor -%}{%- endif -%}
{%- endmacro -%}
{%- for tool in tools %}{% set tool = tool.function %}{{- "// " + tool.description + "\\n" }}{{- "type "+ tool.name + " = (" }}
{%- if tool.parameters and tool.parameters.properties %}{%- for param_name, param_spec in tool.parameters.properties.items() %}{{- param_name + ": " + render_type(param_spec, tool.parameters.required or []) }}
{%- if param_spec.default is defined %}{{- ", // default: " ~ param_spec.default }}{% endif %}{% endfor %}{% endif %}{% endfor %}"""

TRAINING = """{%- for message in messages %}{%- if message.role == "assistant" %}{% generation %}{{- message.content + eos_token }}{% endgeneration %}{%- else %}{{- message.role ~ ": " ~ message.content }}{% endif %}{%- if loop.index > 20 %}{% break %}{% endif %}{% endfor %}"""

COHERE = """{%- set tool_idx = namespace(value=0) %}{%- set parts = ['a', 'b'] %}
{%- macro format_turn(role, text) %}{{ '<|START_OF_TURN_TOKEN|><|' ~ role | upper ~ '_TOKEN|>' ~ text | trim ~ '<|END_OF_TURN_TOKEN|>' }}{% endmacro %}
{%- for message in messages %}{{ format_turn(message.role, message.content) }}{% if message.documents %}{% for doc in message.documents %}{{ loop.index0|string + ': ' + doc.data|tojson(indent=4) }}{% endfor %}{% endif %}{%- set tool_idx.value = tool_idx.value + 1 %}{% endfor %}
{{- tools[tool_name]['parameters'] }}{{ messages[-1]['content'] | default('', true) | replace('\\n', ' ') }}{{ labels['label_' ~ language] }}"""

HONEST = {
    name.lower(): value
    for name, value in list(globals().items())
    if name.isupper() and name[0] != "_"
}

"""The first line of an internet provider, played by fixed rules over OpenAI's tool calls.

The rules know the tools by name and result only. What a turn holds is read into a
:class:`~niochat_sandbox.scripted_model.turn_view.TurnView`;
:func:`~niochat_sandbox.scripted_model.flows.flow_rules.next_action`
says what comes next: one tool call or the final text. The same scene, the same action.
"""

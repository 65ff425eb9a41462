"""The first-level support of an internet provider, as fixed rules that use OpenAI's tool calls.

The rules know the tools only by name and result.
:class:`~niochat_sandbox.scripted_model.turn_view.TurnView` holds what a rule reads of a request,
and :func:`~niochat_sandbox.scripted_model.flows.flow_rules.next_action` returns the next action:
one tool call or the final text. The same view always gives the same action.
"""

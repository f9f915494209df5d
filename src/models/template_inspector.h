#pragma once

#include <set>
#include <string>

#include "models/template_ast.h"

// What a prompt template tells about its model without being run. Threads: any.
namespace moat::models::templates {

// Every name the template asks for: fields and variables (without '$'), in lower case.
std::set<std::string> mentioned_names(const Tree& tree);

// `tree` without all that follows the first {{ .Response }}: where the model goes on.
Tree cut_after_response(const Tree& tree);

// The texts around {{ .Thinking }} in the loop over the messages; empty when there is no such.
struct ThinkingTags {
    std::string open;
    std::string close;
};
ThinkingTags thinking_tags(const Tree& tree);

// The text with which the template begins tool calls ("<tool_call>"): the first after it asks for
// .ToolCalls. "{" when there is none: calls are bare JSON.
std::string tool_call_tag(const Tree& tree);

}  // namespace moat::models::templates

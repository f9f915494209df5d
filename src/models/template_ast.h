#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "models/template_value.h"

// A parsed Go text/template. Threads: any (not changed after parsing).
namespace moat::models::templates {

struct Pipeline;

// One word of a command, with the fields that follow it: .A.B, $x.A, (pipeline).A, 12, printf
struct Operand {
    enum class Kind { dot, nil, constant, variable, function, pipeline };
    Kind kind = Kind::dot;
    std::string name{};  // of a variable (with its dollar) or a function
    Value constant{};
    std::shared_ptr<const Pipeline> pipeline{};
    std::vector<std::string> fields{};
};

// A function with its arguments, or one operand alone.
struct Command {
    std::vector<Operand> operands;
};

// $a, $b := command | command
struct Pipeline {
    int line = 1;
    std::vector<std::string> variables{};
    bool declares = false;  // := ; else = into existing ones
    std::vector<Command> commands{};
};

struct Node;
using Nodes = std::vector<Node>;

struct Node {
    enum class Kind { text, action, if_else, range, with, call, break_loop, continue_loop };
    Kind kind = Kind::text;
    int line = 1;
    std::string text{};  // of a text; name of the called template
    Pipeline pipeline{};
    Nodes body{};
    Nodes otherwise{};
};

struct Tree {
    Nodes root;
    std::map<std::string, Nodes, std::less<>> defined;  // by {{ define }} and {{ block }}
};

}  // namespace moat::models::templates

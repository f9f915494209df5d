#pragma once

#include <string_view>

namespace moat::documents {

// Level of a line that is a heading by Chinese convention ("第三章 合同的效力", "第二节",
// "一、总则" is not: it may be a list): 编 1, 章 2, 节 3; 0 for any other line.
int chapter_level(std::string_view line);

// Does the line begin with a list mark: a bullet, "1.", "(2)", "a)", "（三）", "①", "一、"?
bool begins_list_item(std::string_view line);

}  // namespace moat::documents

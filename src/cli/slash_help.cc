#include "cli/slash_help.h"

namespace moat::cli {
namespace {

std::string_view pick(Language language, std::string_view english, std::string_view chinese) {
    return language == Language::chinese ? chinese : english;
}

}  // namespace

std::string_view help_of_commands(Language language) {
    return pick(
        language,
        "Available Commands:\n"
        "  /set            Set session variables\n"
        "  /show           Show model information\n"
        "  /load <model>   Load another model; the conversation begins anew\n"
        "  /save <model>   Save this session as a model\n"
        "  /list           List models\n"
        "  /clear          Forget the conversation so far\n"
        "  /bye, /exit     Exit\n"
        "  /?, /help       Help for a command: /help set, /help show\n"
        "  /? shortcuts    Keyboard shortcuts\n"
        "\n"
        "Use \"\"\" to begin and end a message of several lines.\n"
        "Drop an image file on the terminal to ask a vision model about it.\n",
        "可用命令：\n"
        "  /set            修改本次会话的设置\n"
        "  /show           查看模型信息\n"
        "  /load <模型>    换用另一个模型，对话重新开始\n"
        "  /save <模型>    把本次会话保存为模型\n"
        "  /list           列出模型\n"
        "  /clear          清除之前的对话\n"
        "  /bye, /exit     退出\n"
        "  /?, /help       某个命令的帮助：/help set、/help show\n"
        "  /? shortcuts    键盘快捷键\n"
        "\n"
        "多行消息请以 \"\"\" 开始和结束。\n"
        "把图片文件拖入终端，即可向视觉模型提问。\n"
    );
}

std::string_view help_of_set(Language language) {
    return pick(
        language,
        "Available Commands:\n"
        "  /set parameter NAME VALUE  A parameter, e.g. /set parameter temperature 0.2\n"
        "  /set system TEXT           The system message\n"
        "  /set history               Remember what is typed\n"
        "  /set nohistory             Do not remember it\n"
        "  /set wordwrap              Break lines between words\n"
        "  /set nowordwrap            Leave lines as they are\n"
        "  /set format json           Answers in JSON\n"
        "  /set noformat              Answers in any form\n"
        "  /set verbose               Show timings\n"
        "  /set quiet                 Hide timings\n"
        "  /set think [LEVEL]         Think first: low, medium, high, max\n"
        "  /set nothink               Answer at once\n",
        "可用命令：\n"
        "  /set parameter 名称 值     参数，如 /set parameter temperature 0.2\n"
        "  /set system 文本           系统消息\n"
        "  /set history               记录输入历史\n"
        "  /set nohistory             不记录输入历史\n"
        "  /set wordwrap              在单词之间换行\n"
        "  /set nowordwrap            不自动换行\n"
        "  /set format json           以 JSON 回答\n"
        "  /set noformat              不限定格式\n"
        "  /set verbose               显示耗时\n"
        "  /set quiet                 不显示耗时\n"
        "  /set think [级别]          先思考再回答：low、medium、high、max\n"
        "  /set nothink               直接回答\n"
    );
}

std::string_view help_of_show(Language language) {
    return pick(
        language,
        "Available Commands:\n"
        "  /show info         Details of this model\n"
        "  /show license      Its license\n"
        "  /show modelfile    Its Modelfile\n"
        "  /show parameters   Its parameters, and those you set\n"
        "  /show system       The system message\n"
        "  /show template     The prompt template\n",
        "可用命令：\n"
        "  /show info         模型详情\n"
        "  /show license      许可证\n"
        "  /show modelfile    Modelfile\n"
        "  /show parameters   模型参数和您设置的参数\n"
        "  /show system       系统消息\n"
        "  /show template     提示词模板\n"
    );
}

std::string_view help_of_shortcuts(Language language) {
    return pick(
        language,
        "Available keyboard shortcuts:\n"
        "  Ctrl + a   Beginning of the line (Home)\n"
        "  Ctrl + e   End of the line (End)\n"
        "   Alt + b   Back one word\n"
        "   Alt + f   Forward one word\n"
        "  Ctrl + k   Delete to the end of the line\n"
        "  Ctrl + u   Delete to its beginning\n"
        "  Ctrl + w   Delete the word before the cursor\n"
        "  Ctrl + r   Search what was typed before\n"
        "  Ctrl + g   Edit the message in your editor (EDITOR)\n"
        "\n"
        "  Ctrl + l   Clear the screen\n"
        "  Ctrl + c   Stop the answer\n"
        "  Ctrl + d   Exit\n",
        "键盘快捷键：\n"
        "  Ctrl + a   移到行首（Home）\n"
        "  Ctrl + e   移到行尾（End）\n"
        "   Alt + b   后退一个单词\n"
        "   Alt + f   前进一个单词\n"
        "  Ctrl + k   删除到行尾\n"
        "  Ctrl + u   删除到行首\n"
        "  Ctrl + w   删除光标前的单词\n"
        "  Ctrl + r   搜索输入历史\n"
        "  Ctrl + g   用编辑器（EDITOR）编写消息\n"
        "\n"
        "  Ctrl + l   清屏\n"
        "  Ctrl + c   停止回答\n"
        "  Ctrl + d   退出\n"
    );
}

}  // namespace moat::cli
